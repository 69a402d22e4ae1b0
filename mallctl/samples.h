/* samples - values in Prometheus' text format, as /actuator/prometheus shows it. */
#ifndef MALLCTL_SAMPLES_H
#define MALLCTL_SAMPLES_H

#include <stdbool.h>

/* The sum of the samples with that name and all those labels, each `name="value"`, ended by NULL;
   labels may be NULL. False: there is none. What is no number counts as 0. */
bool samples_sum(const char *text, const char *name, const char *const *labels, double *sum);

#endif
