"""Lines of Zeek's logs, as Zeek 6 writes them."""

# ruff: noqa: E501 (lines are as they are written)

DNS = b"""#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tdns
#open\t2003-08-05-12-00-00
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring\tcount\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool
1060084800.000000\tC1\t10.0.0.1\t40000\t10.0.0.53\t53\tudp\t7\t0.500000\tWWW.example.org\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\tcdn.example.net,192.0.2.80\t300.000000,60.000000\tF
1060084801.000000\tC2\t10.0.0.1\t40001\t10.0.0.53\t53\tudp\t8\t0.250000\texample.org\t1\tC_INTERNET\t15\tMX\t0\tNOERROR\tF\tF\tF\tT\t0\tmx1.example.org,mx2.example.org\t300.000000,200.000000\tF
1060084802.000000\tC3\t10.0.0.2\t40002\t10.0.0.53\t53\tudp\t9\t-\tlost.example.org\t1\tC_INTERNET\t1\tA\t-\t-\tF\tF\tT\tF\t0\t-\t-\tF
1060084803.000000\tC4\tfe80::1\t5353\tff02::fb\t5353\tudp\t0\t-\tprinter.local\t1\tC_INTERNET\t12\tPTR\t-\t-\tF\tF\tF\tF\t0\t-\t-\tF
#close\t2003-08-05-13-00-00
"""

CONN = b"""{"ts":1060084800.1,"uid":"C5","id.orig_h":"10.0.0.1","id.orig_p":41000,"id.resp_h":"192.0.2.25","id.resp_p":25,"proto":"tcp","service":"smtp","duration":2.5,"orig_bytes":600,"resp_bytes":90,"conn_state":"SF","orig_pkts":8,"orig_ip_bytes":1000,"resp_pkts":6,"resp_ip_bytes":400}
{"ts":1060084801.1,"uid":"C6","id.orig_h":"10.0.0.1","id.orig_p":41001,"id.resp_h":"192.0.2.26","id.resp_p":25,"proto":"tcp","conn_state":"S0","orig_pkts":3,"orig_ip_bytes":180,"resp_pkts":0,"resp_ip_bytes":0}
{"ts":1060084802.1,"uid":"C7","id.orig_h":"10.0.0.1","id.orig_p":40000,"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","service":"dns","conn_state":"SF","orig_pkts":1,"orig_ip_bytes":60,"resp_pkts":1,"resp_ip_bytes":90}
{"ts":"2003-08-05T12:00:03.100000Z","uid":"C8","id.orig_h":"10.0.0.1","id.orig_p":8,"id.resp_h":"192.0.2.1","id.resp_p":0,"proto":"icmp","conn_state":"OTH","orig_pkts":1,"orig_ip_bytes":84,"resp_pkts":1,"resp_ip_bytes":84}
"""

SMTP = b"""#separator \\x09
#path\tsmtp
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\thelo\tmailfrom\trcptto
1060084800.200000\tC5\t10.0.0.1\t41000\t192.0.2.25\t25\t1\tpc\ta@example.org\tb@example.org
1060084800.900000\tC5\t10.0.0.1\t41000\t192.0.2.25\t25\t2\tpc\ta@example.org\tc@example.org
"""
