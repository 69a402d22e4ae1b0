/* coverage_exit - VARIANT=coverage only: a child that ends by _exit(), as those of service_test do,
   writes its counters too. The linker redirects _exit() to here (--wrap). */
#include <gcov.h>

void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));

void __wrap__exit(int code)
{
        __gcov_dump();
        __real__exit(code);
}
