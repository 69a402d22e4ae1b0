package mall.mypage;

import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

@RestController
class MypageController {
    private final Mypages mypages;

    MypageController(Mypages mypages) {
        this.mypages = mypages;
    }

    record Page(String customerId, List<Mypage> orders) {}

    /** A customer without orders has an empty page. */
    @GetMapping("/mypages/{customerId}")
    Page of(@PathVariable String customerId) {
        return new Page(customerId, mypages.findByCustomerIdOrderByPlacedAt(customerId));
    }
}
