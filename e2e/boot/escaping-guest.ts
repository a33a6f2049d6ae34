// SPDX-License-Identifier: Apache-2.0
//
// Root in the device guest, trying the network: with programs of busybox, and with frames that no kernel would send.
import { expect } from 'vitest'
import { runCommand } from '../../packages/engine/src/guest/run-command.ts'
import type { BootedMachine } from './machine.ts'

const GUEST = '10.0.2.15'
const GATEWAY = '10.0.2.2'
/** A guest under emulation on a busy computer. */
const patienceMs = 100_000

export class EscapingGuest {
  readonly #machine: BootedMachine

  private constructor(machine: BootedMachine) {
    this.#machine = machine
  }

  /** With the address that it is leased. Its kernel says nothing that was not asked of it, which would be counted: no IPv6, no "port unreachable". */
  static async ready(machine: BootedMachine): Promise<EscapingGuest> {
    await machine.sh('cd /proc/sys/net; echo 1 >ipv6/conf/default/disable_ipv6; echo 0 >ipv4/icmp_msgs_burst')
    const guest = new EscapingGuest(machine)
    await guest.lease()
    await machine.sh(`ip addr add ${GUEST}/24 dev eth0 && ip route add default via ${GATEWAY}`)
    return guest
  }

  /** Asks the switch for the address again. Frames are dealt with in their order: once this is answered, all before it are. */
  async lease(): Promise<void> {
    expect(await this.#machine.lease()).toBe(GUEST)
  }

  /** By IPv6 too, once the switch has told of it. */
  async takeIpv6(): Promise<void> {
    await this.#machine.sh('echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6')
    const settled = 'ip -6 addr show dev eth0 | grep "inet6 fd63:" | grep -vq tentative && ip -6 route | grep -q "^default"'
    await this.#machine.sh(`until ${settled}; do usleep 200000; done`, patienceMs)
  }

  /** Its kernel answers nothing that comes from now on, and takes the longest frames to send. */
  async goSilent(): Promise<void> {
    await this.#machine.sh('echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip addr flush dev eth0; ip link set eth0 mtu 65535')
  }

  /** What a command prints, errors too, whether it fails or not. */
  async tries(command: string): Promise<string> {
    return this.#machine.sh(`{ ${command}; } 2>&1 </dev/null || true`, patienceMs)
  }

  /** Opens a TCP connection, has a line sent back, and closes it: all frames of it are dealt with then. */
  async connects(address: string, port = 8080, seconds = 60): Promise<'answered' | 'refused' | 'silence'> {
    const talk = `echo twin; read -r line; echo "got $line" >/run/got`
    const closed = 'for i in $(seq 100); do netstat -tn | grep -Eq "FIN_WAIT|CLOSING|LAST_ACK" || break; usleep 100000; done'
    const said = await this.tries(`nc -w ${seconds} ${address} ${port} -e /bin/sh -c '${talk}'; cat /run/got && { ${closed}; }; rm -f /run/got`)
    if (said.includes('Connection refused')) return 'refused'
    if (said.includes('timed out')) return 'silence'
    expect(said).toBe('got twin')
    expect(await this.asksForGateway()).toContain('Received 1 response')
    return 'answered'
  }

  asksForGateway(): Promise<string> {
    return this.tries(`arping -f -w 60 ${GATEWAY}`)
  }

  async sends(frames: readonly Buffer[]): Promise<void> {
    const input = Buffer.from(frames.map((frame) => `${frame.toString('hex')}\n`).join(''))
    const { channel } = this.#machine.agent
    const command = { path: '/bin/send-frames', args: ['eth0'], input, maxBytes: 1 << 16, deadlineMs: patienceMs }
    const { exitCode, errorOutput } = await runCommand(channel, command)
    expect({ exitCode, said: errorOutput.toString('utf8') }).toEqual({ exitCode: 0, said: '' })
  }
}
