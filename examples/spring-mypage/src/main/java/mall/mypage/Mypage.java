package mall.mypage;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import jakarta.persistence.Column;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.Index;
import jakarta.persistence.Table;

/** One order, as its customer sees it. */
@Entity
@Table(indexes = {@Index(columnList = "customerId"), @Index(columnList = "order_id")})
@JsonPropertyOrder("orderId")
public class Mypage {
    private static final int LONG = 1 << 20; // a name that does not fit would stop the view

    @EmbeddedId
    private OrderKey key;
    private Long placedAt;
    @Column(length = LONG)
    private String customerId;
    @Column(length = LONG)
    private String productId;
    @Column(length = LONG)
    private String productName;
    private Integer qty;
    private String status;

    protected Mypage() {}

    Mypage(OrderKey key, Event placed) {
        this.key = key;
        placedAt = placed.timestamp();
        customerId = placed.customerId();
        productId = placed.productId();
        productName = placed.productName();
        qty = placed.qty();
        status = placed.eventType();
    }

    /** A canceled order stays one: its delivery may still start, and be called back, after that. */
    void becomes(String next) {
        boolean ended = "OrderCanceled".equals(status);
        boolean knowsWhy = "OutOfStock".equals(status) && "DeliveryCanceled".equals(next);
        if (!ended && !knowsWhy)
            status = next;
    }

    public String getOrderId() {
        return key.id();
    }

    public String getProductId() {
        return productId;
    }

    public String getProductName() {
        return productName;
    }

    public Integer getQty() {
        return qty;
    }

    public String getStatus() {
        return status;
    }
}
