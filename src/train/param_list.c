/* param_list.c - see param_list.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/param_list.h"

#include <string.h>

fdml_status fdml_params_add(fdml_params *params, const char *prefix, const fdml_param *param,
                            fdml_arena *arena, fdml_error *err)
{
    if (params->n == params->room)
        return fdml_fail(err, FDML_E_LIMIT, "%s: a list of %zu parameters is full", param->name,
                         params->room);
    const size_t before = prefix ? strlen(prefix) + 1 : 0, length = strlen(param->name);
    char *name = fdml_arena_push(arena, before + length + 1, 1);
    if (!name)
        return fdml_fail(err, FDML_E_NOMEM, "%s: its name does not fit in memory", param->name);
    if (prefix) {
        memcpy(name, prefix, before - 1);
        name[before - 1] = '.';
    }
    memcpy(name + before, param->name, length + 1);
    params->item[params->n] = *param;
    params->item[params->n++].name = name;
    return FDML_OK;
}
