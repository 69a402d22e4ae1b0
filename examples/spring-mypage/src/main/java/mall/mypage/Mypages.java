package mall.mypage;

import java.util.List;
import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;

interface Mypages extends JpaRepository<Mypage, OrderKey> {
    List<Mypage> findByCustomerIdOrderByPlacedAt(String customerId);

    Optional<Mypage> findFirstByKeyIdOrderByPlacedAtDesc(String orderId);
}
