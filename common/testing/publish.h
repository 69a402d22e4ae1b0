/* publish - for tests only: hands records over and waits until the bus has them. */
#ifndef TESTING_PUBLISH_H
#define TESTING_PUBLISH_H

#include "base/clock.h"
#include "event/bus.h"

/* Returns how many of them are on the bus by then. */
static inline size_t bus_publish(struct bus *bus, struct record *records, size_t count, int wait_ms,
                                 struct error *error)
{
        int64_t end = clock_mono_us() + (int64_t)wait_ms * 1000;
        struct bus_result results[100];
        size_t told = 0, published = 0;

        while (!bus_parts(bus, error) && clock_mono_us() < end)
                ;
        for (size_t i = 0; i < count; i++)
                records[i].tag = (int64_t)i;
        if (!bus_send(bus, records, count, error))
                return 0;
        while (told < count && clock_mono_us() < end) {
                size_t some = bus_results(bus, results, 100, 100, error);

                for (size_t i = 0; i < some; i++)
                        published += results[i].result == BUS_PUBLISHED;
                told += some;
        }
        return published;
}

#endif
