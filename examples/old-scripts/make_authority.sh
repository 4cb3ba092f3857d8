#!/bin/sh
# Makes the files with which a program accepts your own server as https://api.robocoders.ai:
#
#   authority.pem    a certificate authority that can vouch for that one name and for nothing else
#   server.pem       the certificate of your server, signed by it
#   server-key.pem   the private key that belongs to server.pem
#
# The private key of the authority is deleted before this script ends: nothing more can ever be signed with it, not by
# you and not by a thief. Nothing outside DIRECTORY is changed. Run it again to renew; delete DIRECTORY to undo.
#
# usage: sh make_authority.sh DIRECTORY [DAYS]      (DAYS that the certificates are valid, 30 by default)

set -eu
umask 077

host=api.robocoders.ai
directory=${1:?usage: sh make_authority.sh DIRECTORY [DAYS]}
days=${2:-30}

mkdir -p "$directory"
work=$(mktemp -d "$directory/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$work/openssl.cnf" <<END
[request]
distinguished_name = name
prompt = no

[name]
CN = $host

# "critical" makes a program that does not understand a limit refuse the certificate instead of ignoring the limit.
# The excluded addresses are all addresses: without them a limit on names would leave numbers free (RFC 5280, 4.2.1.10).
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
nameConstraints = critical, permitted;DNS:$host, excluded;IP:0.0.0.0/0.0.0.0, excluded;IP:::/::

[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:$host
END

quietly() { # COMMAND...: shows what the command says only when it fails
    "$@" 2>"$work/messages" || { cat "$work/messages" >&2; exit 1; }
}

make_request() { # KEY REQUEST SUBJECT: a new private key and a certificate request signed with it
    quietly openssl ecparam -name prime256v1 -genkey -noout -out "$1"
    quietly openssl req -new -config "$work/openssl.cnf" -key "$1" -subj "$3" -out "$2"
}

make_request "$work/authority-key.pem" "$work/authority.csr" "/CN=robocoders old scripts, only for $host"
quietly openssl x509 -req -in "$work/authority.csr" -signkey "$work/authority-key.pem" -days "$days" -sha256 \
    -extfile "$work/openssl.cnf" -extensions authority -out "$work/authority.pem"

make_request "$work/server-key.pem" "$work/server.csr" "/CN=$host"
quietly openssl x509 -req -in "$work/server.csr" -CA "$work/authority.pem" -CAkey "$work/authority-key.pem" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$days" -sha256 \
    -extfile "$work/openssl.cnf" -extensions server -out "$work/server.pem"

rm "$work/authority-key.pem"
openssl verify -CAfile "$work/authority.pem" -verify_hostname "$host" -purpose sslserver "$work/server.pem" >/dev/null
mv "$work/authority.pem" "$work/server.pem" "$work/server-key.pem" "$directory/"
