"""Captures: packets of pcap and pcapng files become observations, contacts and flows.

    pcap, pcapng    files to chunks of whole records, and chunks to frames (`frames`)
    link, ip        frames to the protocols above       tunnels     packets within packets
    dissection      all that can be said of one chunk by itself; runs in any process
    flows           packets to flows
    fragments       IP fragments to packets           streams     TCP segments to DNS messages
    assembly        chunks, in their order, to what the watch is fed with

Python's usual packet libraries take some 15 µs a packet and more; a capture of a day has a hundred
million.  So frames are read here by `struct` and offsets, without an object for any layer.
"""
