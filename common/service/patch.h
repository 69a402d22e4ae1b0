/* patch - the three types of PATCH: application/json and application/merge-patch+json (RFC 7396)
   merge,  application/json-patch+json (RFC 6902) is a list of operations on the row's members. */
#ifndef SERVICE_PATCH_H
#define SERVICE_PATCH_H

#include "data/entity.h"

/* The members of a JSON Patch that are read. */
extern const struct json_wanted patch_wanted;

/* Changes the row; its new text lives with the patch. ERROR_CONFLICT when a `test` does not hold,
   or a copied value does not fit its new member. */
bool patch_apply(const struct shape *shape, const struct json *patch, void *row,
                 struct error *error);

#endif
