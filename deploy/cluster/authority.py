"""authority - the certificates of a cluster, by openssl: one authority for its servers and clients, one for the aggregator's requests."""
import base64
import json
import subprocess

DAYS = 365


def openssl(*words, given=None):
    subprocess.run(["openssl", *map(str, words)], input=given, check=True, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    def __init__(self, place, name):
        self.place, self.name = place, name
        self.key, self.certificate = place / (name + ".key"), place / (name + ".crt")
        new_key(self.key)
        openssl("req", "-x509", "-new", "-key", self.key, "-subj", "/CN=" + name, "-days", DAYS, "-out", self.certificate)

    def sign(self, file, subject, names=()):
        """file.key and file.crt. names: DNS:... and IP:..., of a server; without names it is a client."""
        key, certificate, asked = (self.place / (file + end) for end in (".key", ".crt", ".csr"))
        new_key(key)
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", asked)
        extensions = "keyUsage=digitalSignature\nextendedKeyUsage=%s\n" % ("serverAuth" if names else "clientAuth")
        if names:
            extensions += "subjectAltName=%s\n" % ",".join(names)
        openssl("x509", "-req", "-in", asked, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", DAYS,
                "-extfile", "/dev/stdin", "-out", certificate, given=extensions)
        asked.unlink()
        return certificate, key


def new_key(file):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file)
    file.chmod(0o600)


def kubeconfig(authority, server, certificate, key):
    """As JSON, which is YAML too."""
    def inside(file):
        return base64.b64encode(file.read_bytes()).decode()
    return json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "mall",
        "clusters": [{"name": "mall", "cluster": {"server": server, "certificate-authority-data": inside(authority.certificate)}}],
        "users": [{"name": "mall", "user": {"client-certificate-data": inside(certificate), "client-key-data": inside(key)}}],
        "contexts": [{"name": "mall", "context": {"cluster": "mall", "user": "mall"}}]}, indent=1)
