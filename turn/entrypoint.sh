#!/bin/sh
# Runs coturn as Atrium needs it, from these variables:
#   TURN_SECRET         Atrium's turnSecret; required
#   TURN_EXTERNAL_IP    address that clients reach this machine at; required
#   TURN_PORT           UDP and TCP port for clients (3478)
#   TURN_RELAY_PORTS    UDP ports on which it relays (49152-65535)
#   TURN_ALLOWED_PEERS  private addresses that clients may reach through it, with commas: 10.0.0.7,10.1.0.0-10.1.0.255
# The media server's announced address is TURN_EXTERNAL_IP, where both run on one machine; else name it as a peer.
set -eu
: "${TURN_SECRET:?must be the secret that Atrium has as turnSecret}"
: "${TURN_EXTERNAL_IP:?must be the address that clients reach this machine at}"
relay_ports="${TURN_RELAY_PORTS:-49152-65535}"

# The file holds the secret: for this user alone.
umask 077
folder="$(mktemp -d)"
{
  cat "$(dirname "$0")/turnserver.conf"
  echo "listening-port=${TURN_PORT:-3478}"
  echo "min-port=${relay_ports%-*}"
  echo "max-port=${relay_ports#*-}"
  # Behind NAT the machine has another address than the one that clients are told: coturn turns the one into the
  # other, in both directions, and asks whether the inner one is allowed.
  own="$(hostname -I)"
  case " $own " in
    *" $TURN_EXTERNAL_IP "*) relay_ip="$TURN_EXTERNAL_IP" ;;
    *)
      relay_ip="${own%% *}"
      echo "external-ip=$TURN_EXTERNAL_IP/$relay_ip"
      ;;
  esac
  echo "relay-ip=$relay_ip"
  for peer in $TURN_EXTERNAL_IP $relay_ip $(echo "${TURN_ALLOWED_PEERS:-}" | tr ',' ' '); do
    echo "allowed-peer-ip=$peer"
  done
  echo "static-auth-secret=$TURN_SECRET"
  echo "userdb=$folder/turndb"
  echo "pidfile=$folder/turnserver.pid"
} > "$folder/turnserver.conf"
exec turnserver -c "$folder/turnserver.conf"
