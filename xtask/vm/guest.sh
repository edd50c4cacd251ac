#!/bin/bash
# What a newcomer does with podium on a machine of their own. Runs as root within the virtual machine of `cargo xtask vm`,
# once per boot; what it finds goes to /share/result, a line for each step.
export HOME=/root KUBECONFIG=/root/.kube/config PATH=/share/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
data=/var/lib/podium
note() { echo "$*" >>/share/result; echo "vm: $*"; }
# check WHAT COMMAND...: the command succeeds.
check() {
  local what=$1 out; shift
  if out=$("$@" 2>&1); then note "ok    $what"; else note "FAIL  $what"; tail -20 <<<"$out" | while read -r line; do note "      | $line"; done; fi
}
# soon SECONDS COMMAND...: it succeeds before the time is up. (The machine is emulated: everything takes ten times as long.)
soon() { local until=$((SECONDS + $1)); shift; until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $until ] || { "$@"; return; }; sleep 0.5; done; }
is() { [ "$1" = "$2" ] || { echo "it is ${1@Q}, not ${2@Q}"; return 1; }; }
has() { grep -qE -- "$2" <<<"$1" || { echo "no match of $2 in ${1@Q}"; return 1; }; }
containers() { kubectl get pods -l app=demo -o jsonpath='{range .items[*].status.containerStatuses[*]}{.containerID} {.restartCount}{"\n"}{end}' | sort; }
address() { kubectl get service demo -o jsonpath='{.spec.clusterIP}'; }
served() { timeout 20 bash -c "exec 3<>/dev/tcp/$1/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; grep Hello <&3"; }
# field POD PATH: what its status says.
field() { kubectl get pod "$1" -o jsonpath="{.status.containerStatuses[0].$2}"; }
# What is on the machine, for the comparison at the end.
machine() {
  ip -o link | awk -F': ' '{print "link " $2}'
  nft list tables | sed 's/^/nft /'
  find /sys/fs/cgroup -maxdepth 2 -name 'podium*' -printf 'cgroup %p\n'
  awk '{print "mount " $5}' /proc/self/mountinfo | grep podium
  find /run /var/lib /etc/systemd/system -maxdepth 2 -name '*podium*' -printf 'file %p\n'
  pgrep -a podium | sed 's/^/process /'
  true
}
unified() { [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; }

demo() {
  install -m755 /share/podium /usr/local/bin/podium
  local out; out=$(podium up --detach --demo 2>&1); is $? 0 && is "$(grep -c 'Hello from demo-' <<<"$out")" 6 || { echo "$out"; return 1; }
}

workload() {
  podium image import /share/busybox.tar && kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: limited}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: local/busybox:1
    command: [sh, -c, "echo begun; exec sleep 100000"]
    resources: {limits: {memory: 32Mi, cpu: 200m}}
---
apiVersion: v1
kind: Pod
metadata: {name: greedy}
spec:
  restartPolicy: Never
  containers: [{name: c, image: "local/busybox:1", command: [sh, -c, "exec tail /dev/zero"], resources: {limits: {memory: 24Mi}}}]
YAML
}

limits_in_force() {
  local files want
  if unified; then
    files='memory.max cpu.max'; want='33554432 20000 100000'
  else
    files='memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us'; want='33554432 20000'
  fi
  is "$(kubectl exec limited -- sh -c "cd /sys/fs/cgroup; cat $files" | tr '\n' ' ')" "$want "
}

stats_tell() {
  local all; all=$(kubectl get --raw "/api/v1/nodes/$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')/proxy/stats/summary") || return
  has "$all" '"workingSetBytes": ?[1-9]' && has "$all" '"usageCoreNanoSeconds": ?[1-9]'
}

# return_after COMMAND...: what it does to the server is noticed by no container.
return_after() {
  local before ip; before=$(containers) ip=$(address)
  "$@" || return
  served "$ip" >/dev/null || { echo "no answer right after it"; return 1; }
  soon 60 kubectl get --raw /readyz && soon 60 is "$(containers)" "$before" && sleep 5 && is "$(containers)" "$before"
}
kill_and_up() {
  local ip; ip=$(address)
  kill -9 "$(sed 's/.*"pid":\([0-9]*\).*/\1/' /run/podium-*/server.json)"
  ! podium status || return
  served "$ip" >/dev/null || { echo "no answer while the server is away"; return 1; }
  podium up --detach
}
logs() { is "$(kubectl logs limited)" begun; }
answers() { served "$(address)"; }

first_boot() {
  note "kernel $(uname -r), $(systemctl --version | head -1 | cut -d' ' -f1,2), cgroups $(stat -fc %T /sys/fs/cgroup): $(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null)"
  machine >/var/tmp/before
  check "the demo: six answers" demo
  # Without it nothing else is worth trying.
  podium status >/dev/null || { note "$(tail -5 $data/podium.log)"; systemctl poweroff; exit 1; }
  check "the node is Ready" kubectl wait node --all --for=condition=Ready --timeout=60s
  check "a workload with limits" workload
  check "it runs" kubectl wait pod limited --for=condition=Ready --timeout=120s
  check "its limits are in force" limits_in_force
  check "logs" soon 30 logs
  check "exec" is "$(kubectl exec limited -- sh -c 'echo $((6 * 7))')" 42
  check "out of memory: it ends" kubectl wait pod greedy --for=jsonpath='{.status.phase}'=Failed --timeout=180s
  check "out of memory: OOMKilled" is "$(field greedy state.terminated.reason)" OOMKilled
  check "out of memory: exit code 137" is "$(field greedy state.terminated.exitCode)" 137
  check "stats" stats_tell
  check "kill -9 and up" return_after kill_and_up
  check "service install takes over" return_after podium service install
  check "the service is enabled and active" is "$(systemctl is-enabled podium) $(systemctl is-active podium)" "enabled active"
  check "kill -9: systemd brings it back" return_after systemctl kill --signal=KILL podium
  check "systemctl restart" return_after systemctl restart podium
  sync
  note "rebooting"
}

second_boot() {
  note "booted again"
  check "the service came back by itself" soon 120 systemctl is-active podium
  check "the API answers" soon 120 kubectl get --raw /readyz
  check "the demo's pods come back" kubectl wait pods -l app=demo --for=condition=Ready --timeout=180s
  check "RESTARTS says 1" is "$(kubectl get pods -l app=demo -o jsonpath='{range .items[*].status.containerStatuses[*]}{.restartCount} {end}')" "1 1 1 "
  check "the machine's shutdown let them end by themselves" is "$(kubectl get pods -l app=demo -o jsonpath='{range .items[*].status.containerStatuses[*]}{.lastState.terminated.reason} {.lastState.terminated.exitCode} {end}')" "Completed 0 Completed 0 Completed 0 "
  check "the Service answers" soon 60 answers
  check "exec after the reboot" is "$(kubectl exec limited -- echo again)" again
  check "its limits are in force again" limits_in_force
  [ ! -e /share/sandbox-path ] || install -D /share/runtime-sandbox "$(cat /share/sandbox-path)"
  for test in /share/tests/*; do
    [ -x "$test" ] && check "the runtime's tests here: $(basename "$test")" timeout 900 "$test" --test-threads=1
  done
  check "service uninstall" podium service uninstall
  check "it is gone" is "$(systemctl is-active podium; ls /etc/systemd/system/podium.service 2>&1)" "$(printf 'inactive\nls: cannot access '"'/etc/systemd/system/podium.service'"': No such file or directory')"
  check "up and install again" sh -c 'podium service install && kubectl wait node --all --for=condition=Ready --timeout=60s'
  check "reset" podium reset --yes
  machine >/var/tmp/after
  check "nothing is left" diff /var/tmp/before /var/tmp/after
  note "done"
}

if [ ! -e /var/tmp/before ]; then
  first_boot; systemctl reboot
else
  second_boot; systemctl poweroff
fi
