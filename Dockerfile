# The program, by an ordinary user and with a root that can be read only:
#     docker build -t stasis_refer .
#     docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v ledger:/var/lib/stasis_refer \
#         -v /etc/stasis_refer:/etc/stasis_refer:ro -p 127.0.0.1:8080:8080 stasis_refer
# docker-compose.yml has it together with Asterisk, Prometheus and Grafana.
FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY stasis_refer stasis_refer
COPY asterisk asterisk
RUN python3 -m venv /opt/stasis_refer \
 && /opt/stasis_refer/bin/pip install --no-cache-dir --disable-pip-version-check '.[fast]'

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates espeak-ng libsox-fmt-mp3 python3 sox \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin \
        --home-dir /var/lib/stasis_refer stasis_refer \
 && install -d -m 700 -o stasis_refer -g stasis_refer /var/lib/stasis_refer
COPY --from=build /opt/stasis_refer /opt/stasis_refer
ENV PATH=/opt/stasis_refer/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    STASIS_REFER_LEDGER__URL=sqlite:////var/lib/stasis_refer/stasis_refer.db
USER 10001:10001
VOLUME /var/lib/stasis_refer
EXPOSE 8080 9060/udp
# Of http.listen "0.0.0.0:8080"; whoever listens elsewhere replaces it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["stasis-refer"]
CMD ["run", "--config", "/etc/stasis_refer/stasis_refer.toml"]
