/* cli_death.c - what must end with the program when it does not come to its own end. See cli.h.
 * SPDX-License-Identifier: MIT */
#include "cli.h"

/* Read by the signal handler: a pointer is lock-free on every machine that fdml knows. */
static void (*_Atomic at_death)(void);

void cli_at_death(void (*hook)(void))
{
    at_death = hook;
}

void cli_run_at_death(void)
{
    void (*const hook)(void) = at_death;
    if (hook) hook();
}
