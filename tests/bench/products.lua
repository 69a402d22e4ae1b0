-- orders of twenty products in turn
local number = 0

request = function()
	number = number + 1
	return wrk.format("POST", nil, { ["Content-Type"] = "application/json" },
		'{"productId":"' .. (1001 + number % 20) .. '","productName":"TV","qty":1,"customerId":"100"}')
end
