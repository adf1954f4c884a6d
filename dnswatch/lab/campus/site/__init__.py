"""The site: its hosts, its people and what they do.

people     the mail habits of honest clients
errands    what honest hosts look up of mail, hard negatives among it
hosts      all hosts with addresses and roles
browsing   the web: pages, lookups and connections, in arrays
"""
