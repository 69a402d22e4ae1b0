/* build - which build this is. The only file that knows the commit. */
#ifndef SERVICE_BUILD_H
#define SERVICE_BUILD_H

extern const char build_version[]; /* "1.0.0" */
extern const char build_commit[];  /* git's short id, or "unknown" */

#endif
