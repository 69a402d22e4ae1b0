package mall;

import org.springframework.cloud.stream.annotation.Input;
import org.springframework.cloud.stream.annotation.Output;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.SubscribableChannel;

/** The topic: for a service that only sends, and for one that receives as well. */
interface Bus {
        String OUT = "event-out";
        String IN = "event-in";

        @Output(OUT)
        MessageChannel out();

        interface Heard extends Bus {
                @Input(IN)
                SubscribableChannel in();
        }
}
