/* documents - which documents of a settings file count for a profile, laid over each other as Spring Boot does. */
#ifndef GATEWAY_DOCUMENTS_H
#define GATEWAY_DOCUMENTS_H

#include "gateway/tree.h"

/* first: as from tree_read. Those with a profile win over those without, later ones over earlier ones. */
struct tree *documents_merge(struct arena *arena, const struct tree *first, const char *profiles, struct error *error);

#endif
