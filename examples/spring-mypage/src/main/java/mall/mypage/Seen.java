package mall.mypage;

import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;

/** An event that was applied. */
@Entity
public class Seen {
    @EmbeddedId
    private Identity identity;

    /** That of CloudEvents; an event that comes twice has the same one. */
    @Embeddable
    public record Identity(@Column(length = 1000) String source, @Column(length = 1000) String id) {}

    protected Seen() {}

    Seen(Identity identity) {
        this.identity = identity;
    }
}
