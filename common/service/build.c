#include "service/build.h"

#ifndef MALL_VERSION
#define MALL_VERSION "0"
#endif
#ifndef MALL_COMMIT
#define MALL_COMMIT "unknown"
#endif

const char build_version[] = MALL_VERSION;
const char build_commit[] = MALL_COMMIT;
