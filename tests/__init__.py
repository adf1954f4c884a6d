"""The tests of dnswatch: the same rooms as the product, plus `live` and `fuzz`."""
