"""Tests in network namespaces: hosts with addresses of their own, ports 53 and 25."""
