# The images of the site in docker-compose.yml, one target each, all of them Debian's own packages.
# The tag below could not be pinned to a digest where this was written: add one before production.
ARG DEBIAN=debian:12.11-slim

FROM ${DEBIAN} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev python3-dev python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY constraints.txt pyproject.toml hatch_build.py README.md LICENSE ./
COPY policies policies
COPY dnswatch dnswatch
RUN python3 -m venv /opt/dnswatch \
 && DNSWATCH_COMPILE=1 /opt/dnswatch/bin/pip install --no-cache-dir --constraint constraints.txt '.[fleet]' \
 && /opt/dnswatch/bin/dnswatch --help >/dev/null

FROM ${DEBIAN} AS dnswatch
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 990 --home-dir /var/lib/dnswatch --shell /usr/sbin/nologin dnswatch \
 && install -d -o dnswatch -g dnswatch -m 700 /var/lib/dnswatch
COPY --from=build /opt/dnswatch /opt/dnswatch
ENV PATH=/opt/dnswatch/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER dnswatch
VOLUME /var/lib/dnswatch
EXPOSE 5353/udp 5353/tcp 2525/tcp
CMD ["dnswatch", "serve", "--config", "/etc/dnswatch/dnswatch.toml", "--state", "/var/lib/dnswatch"]

FROM ${DEBIAN} AS unbound
RUN apt-get update \
 && apt-get install -y --no-install-recommends dns-root-data unbound \
 && rm -rf /var/lib/apt/lists/*
USER unbound
CMD ["unbound", "-d", "-p", "-c", "/etc/unbound/site.conf"]

FROM ${DEBIAN} AS rspamd
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates rspamd \
 && rm -rf /var/lib/apt/lists/*
USER _rspamd
CMD ["rspamd", "-f", "-c", "/etc/rspamd/rspamd.conf", "--var=RUNDIR=/tmp"]

FROM ${DEBIAN} AS clamav
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates clamav-daemon clamav-freshclam clamdscan \
 && rm -rf /var/lib/apt/lists/* /var/lib/clamav/* \
 && install -d -o clamav -g clamav /var/lib/clamav
USER clamav
CMD ["clamd", "--config-file=/etc/clamav/site.conf"]

FROM ${DEBIAN} AS engine
RUN apt-get update \
 && apt-get install -y --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o redis -g redis -m 700 /var/lib/redis
USER redis
VOLUME /var/lib/redis
CMD ["redis-server", "/etc/redis/site.conf"]
