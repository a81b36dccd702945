/* result_hash.h - a name for the numbers of an audit: equal numbers, equal hash, anywhere.
 *
 * SHA-256 over every number of the result in a fixed order, each preceded by what it is. Not
 * covered, so that it may differ between equal results: tool, commit, machine, threads, paths,
 * seconds, warnings and explanations.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_RESULT_HASH_H
#define FDML_EVAL_RESULT_HASH_H

#include "base/hash.h"
#include "eval/audit.h"

void fdml_result_hash(char hex[FDML_SHA256_HEX], const fdml_audit_result *result);
/* What a stream has of an estimate: its four numbers, not its reason. */
void fdml_hash_estimate(fdml_sha256 *sha, const fdml_estimate *e);

#endif
