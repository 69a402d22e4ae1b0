/* event_stream - the events of the bus as Server-Sent Events, from the memory of the last ones.

   An event's data are one line (sighting.h). Its id says the last offset of each partition that was
   sent, "0-17.1-4", at least on the last event of each write: whoever comes back with it as
   Last-Event-ID gets exactly what follows, from any replica, as far as it is remembered.

     ?last=N       how many old events a newcomer gets (100)
     ?lastEventId= the same as Last-Event-ID, which a script cannot send with an EventSource of its
   own event: rates  once a second if they changed: {"counts":{type:n},"passedOver":n,"followers":n}
     event: gap    {"skipped":n}: the client was too slow, too much came (1,000 events a second a
                   stream), or what it missed is forgotten */
#ifndef SERVICE_EVENT_STREAM_H
#define SERVICE_EVENT_STREAM_H

#include "event/recent.h"
#include "http/sse.h"

struct event_streams {
        struct recent *recent;
        struct sse *sse;
        _Atomic int64_t passed_over; /* shown in the rates */
};

void event_streams_open(struct event_streams *streams, struct recent *recent, int most);
void event_streams_close(struct event_streams *streams); /* after the server */

/* GET; then sse_finish. */
enum http_result event_stream_begin(struct event_streams *streams, struct http_request *request);

#endif
