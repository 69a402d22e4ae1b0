package mall.mypage;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;

/** An id belongs to a store: one that begins anew gives 1 again. source is "" where the order's event came without headers. */
@Embeddable
public record OrderKey(@Column(name = "order_source") String source, @Column(name = "order_id") String id) {}
