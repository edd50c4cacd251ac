#!/usr/bin/env python3
"""The images of the conformance suite, home-made (docs/conformance.md says what they hold and why).

    images.py --fetch CACHE
    images.py PROGRAMS CACHE HOST:PORT

Pushes every image that a conformance test runs, under the names and tags that the suite of this release asks for, into the registry at HOST:PORT.
PROGRAMS is the folder that ./build printed; CACHE keeps the Debian root filesystem and busybox. Needs gcc, make and mmdebstrap.
"""
import gzip, hashlib, http.client, io, json, os, subprocess, sys, tarfile, tempfile, urllib.request

PACKAGES = "curl,bind9-dnsutils,iproute2,procps,netcat-openbsd,iperf,socat,nginx-light"
BUSYBOX = "http://deb.debian.org/debian/pool/main/b/busybox/busybox_1.37.0.orig.tar.bz2"
BUSYBOX_SHA256 = "3311dff32e746499f4df0d5df04d7eb396382d7e108bb9250e7b519b837043a4"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PAUSE = b"""#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int s) { _exit(0); }
static void reap(int s) { while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) { signal(SIGTERM, end); signal(SIGINT, end); signal(SIGCHLD, reap); for (;;) pause(); }
"""


def read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def layer(files=(), links=()):
    """A gzipped tar and the digest of what is in it. `files`: (name, mode, bytes; None for a directory)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, mode, data in files:
            entry = tarfile.TarInfo(name)
            entry.mode = mode
            if data is None:
                entry.type = tarfile.DIRTYPE
            else:
                entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data or b""))
        for name, target in links:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return packed(out.getvalue())


def packed(tar):
    return gzip.compress(tar, 1, mtime=0), "sha256:" + hashlib.sha256(tar).hexdigest()


def debian(cache):
    """A small Debian with the network programs that tests call inside of agnhost's containers. Without manuals and package lists: nodes unpack it."""
    tar = os.path.join(cache, "debian-" + hashlib.sha256(PACKAGES.encode()).hexdigest()[:8] + ".tar")
    if not os.path.exists(tar):
        os.makedirs(cache, exist_ok=True)
        without = [f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("doc", "man", "locale", "info", "i18n", "zoneinfo")]
        part = os.path.join(cache, "part.tar")
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--skip=output/dev", *without, f"--include={PACKAGES}",
                        "--customize-hook=rm -rf $1/var/lib/apt/lists $1/var/cache/apt $1/usr/lib/x86_64-linux-gnu/gconv $1/usr/lib/x86_64-linux-gnu/perl", "bookworm", part], check=True)
        os.rename(part, tar)
    return packed(read(tar))


def busybox_program(cache):
    """Upstream's busybox from Debian's copy of its source: Debian's own patches its shell to drop environment variables whose names are no identifiers, and tests look for such."""
    program = os.path.join(cache, "busybox-1.37.0")
    if not os.path.exists(program):
        os.makedirs(cache, exist_ok=True)
        with urllib.request.urlopen(BUSYBOX, timeout=60) as answer:
            source = answer.read()
        if hashlib.sha256(source).hexdigest() != BUSYBOX_SHA256:
            sys.exit(f"{BUSYBOX} is not what it was")
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            with tarfile.open(fileobj=io.BytesIO(source)) as tar:
                tar.extractall(folder)  # its digest is known
            folder = os.path.join(folder, os.listdir(folder)[0])
            make = lambda *what: subprocess.run(["make", "-C", folder, *what], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            make("defconfig")
            config = os.path.join(folder, ".config")
            text = read(config).decode().replace("# CONFIG_STATIC is not set", "CONFIG_STATIC=y").replace("CONFIG_TC=y", "# CONFIG_TC is not set")  # tc does not build with newer kernels' headers
            with open(config, "w") as f:
                f.write(text)
            make(f"-j{os.cpu_count()}", "busybox")
            os.rename(os.path.join(folder, "busybox"), program)
    return program


def busybox(cache):
    """Busybox and its applets."""
    program = busybox_program(cache)
    names = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    return layer([("bin", 0o755, None), ("bin/busybox", 0o755, read(program)), ("etc", 0o755, None),
                  ("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"), ("etc/group", 0o644, b"root:x:0:\nnobody:x:65534:\n"),
                  ("root", 0o700, None), ("tmp", 0o1777, None), ("home", 0o755, None)], [(f"bin/{n}", "busybox") for n in names if n != "busybox"])


def pause(cache):
    """A static program that reaps orphans and sleeps until it is told to end."""
    out = os.path.join(cache, "pause")
    subprocess.run(["gcc", "-static", "-Os", "-s", "-x", "c", "-o", out, "-"], input=PAUSE, check=True)
    return layer([("pause", 0o755, read(out))])


class Registry:
    """Pushes images over the registry's HTTP API; a blob that is there already is not sent again."""

    def __init__(self, address):
        self.http = http.client.HTTPConnection(address, timeout=120)

    def call(self, method, path, body=None, kind="application/octet-stream", expect=(200, 201, 202)):
        self.http.request(method, path, body=body, headers={"Content-Type": kind} if body is not None else {})
        answer = self.http.getresponse()
        answer.read()
        if answer.status not in expect:
            sys.exit(f"{method} {path}: {answer.status} {answer.reason}")
        return answer

    def blob(self, name, data, kind):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if self.call("HEAD", f"/v2/{name}/blobs/{digest}", expect=(200, 404)).status == 404:
            place = self.call("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
            place = place[place.index("/v2/"):]
            self.call("PUT", place + ("&" if "?" in place else "?") + f"digest={digest}", data)
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def image(self, name, tag, layers, **config):
        oci = "application/vnd.oci.image."
        record = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": self.blob(name, json.dumps(record).encode(), oci + "config.v1+json"),
                    "layers": [self.blob(name, data, oci + "layer.v1.tar+gzip") for data, _ in layers]}
        self.call("PUT", f"/v2/{name}/manifests/{tag}", json.dumps(manifest).encode(), manifest["mediaType"])


def main(programs, cache, address):
    sources = read(programs, "sources").decode().strip()
    test_image = lambda *p: read(sources, "test/images", *p)
    program = lambda name: read(programs, name)
    registry, base = Registry(address), debian(cache)
    agnhost = layer([("agnhost", 0o755, program("agnhost")), ("uploads", 0o755, None), ("localhost.crt", 0o644, test_image("agnhost/porter/localhost.crt")), ("localhost.key", 0o644, test_image("agnhost/porter/localhost.key")),
                     ("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nuser-defined-in-image:x:1000:1000::/home/user:/bin/sh\n"),
                     ("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\nuser-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n")], [("agnhost-2", "agnhost")])
    serves = {"Entrypoint": ["/agnhost"], "Env": [PATH], "ExposedPorts": {f"{p}/tcp": {} for p in (80, 8080, 8081, 9376, 5000)}}
    test = "e2e-test-images/"
    for tag in ("2.66.1", "2.55"):  # the older is the same under another tag: to the tests it is "another version"
        registry.image(test + "agnhost", tag, [base, agnhost], Cmd=["pause"], **serves)
    for name in ("nautilus", "kitten"):  # one test looks into kitten for the distribution that upstream's image is made of
        page = layer([(f"{name}.jpg", 0o644, test_image(name, "html", f"{name}.jpg")), ("data.json", 0o644, test_image(name, "html/data.json")), ("etc/os-release", 0o644, b'NAME="Alpine Linux"\nID=alpine\n')])
        registry.image(test + name, "1.8", [base, agnhost, page], Cmd=["test-webserver"], **serves)
    shell = busybox(cache)
    for tag in ("1.37.0-2", "1.36.1-1"):
        registry.image(test + "busybox", tag, [shell], Cmd=["sh"], Env=["PATH=/bin"])
    registry.image("pause", "3.10.2", [pause(cache)], Entrypoint=["/pause"], User="65535:65535")
    registry.image("pause", "3.10", [pause(cache)], Entrypoint=["/pause"], User="65535:65535")  # the sandbox of the reference cluster
    registry.image(test + "glibc-dns-testing", "2.1.1", [base], Cmd=["sleep", "infinity"], Env=[PATH])
    registry.image(test + "nonewprivs", "1.4", [base, layer([("usr/local/bin/nnp", 0o6755, program("nnp"))])], Cmd=["nnp"], Env=[PATH])
    registry.image(test + "sample-apiserver", "1.29.2", [layer([("sample-apiserver", 0o755, program("sample-apiserver"))])], Entrypoint=["/sample-apiserver"])
    registry.image("etcd", "3.7.0-0", [shell, layer([("usr", 0o755, None), ("usr/local", 0o755, None), ("usr/local/bin", 0o755, None), ("usr/local/bin/etcd", 0o755, program("etcd"))])], Cmd=["etcd"], Env=["PATH=/usr/local/bin:/bin"])
    server = b"daemon off;\nworker_processes 1;\nerror_log /dev/stderr;\nevents {}\nhttp { access_log off; server { listen 80; root /srv; } }\n"
    for tag in ("1.27.0-2", "1.28.0-2"):
        registry.image(test + "nginx", tag, [base, layer([("etc/nginx/nginx.conf", 0o644, server), ("srv", 0o755, None), ("srv/index.html", 0o644, b"nginx\n")])], Cmd=["nginx"], Env=[PATH])


if sys.argv[1] == "--fetch":  # only what comes over the network
    debian(sys.argv[2])
    busybox_program(sys.argv[2])
else:
    main(*sys.argv[1:])
