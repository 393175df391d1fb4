#!/bin/sh
# Makes what ./secrets lacks and touches nothing that is there. The folder is closed to others; the files in it can be
# read by the containers' own users, which are not yours.
#   sh secrets.sh [FOLDER]
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"
cd "$folder"
umask 022

drawn() { # NAME
    [ -s "$1" ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$1"
}

given() { # NAME WHAT
    [ -e "$1" ] || { printf '%s' "CHANGE-ME-$1-is-not-set-yet" > "$1"; echo "to be written by you: $folder/$1 ($2)" >&2; }
}

for name in erlang_cookie broker_password ledger_password link_key grafana_password portal_inbound_key onestop_webhook_secret; do
    drawn "$name"
done
printf 'default_pass = %s\n' "$(cat broker_password)" > broker_conf
given onestop_secret "the one-stop's client secret"
given portal_password "our password at the portal"
[ -e alert_hook ] || { printf 'http://127.0.0.1:9/' > alert_hook; echo "to be written by you: $folder/alert_hook (the address that alerts are posted to)" >&2; }
