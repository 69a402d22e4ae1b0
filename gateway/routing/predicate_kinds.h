/* predicate_kinds - the tables of predicates, by theme, each ended by a NULL name. */
#ifndef GATEWAY_ROUTING_PREDICATE_KINDS_H
#define GATEWAY_ROUTING_PREDICATE_KINDS_H

#include "gateway/routing/predicate.h"

extern const struct predicate_kind predicate_target_kinds[]; /* Path, Host, Method */
extern const struct predicate_kind predicate_value_kinds[];  /* Header, Query, Weight */

#endif
