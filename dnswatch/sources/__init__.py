"""Sources: other vantage points than the proxy: captures, dnstap, logs and flow records."""
