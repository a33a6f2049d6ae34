// SPDX-License-Identifier: Apache-2.0
//
// What the engine writes into cgroups of version 2, written in a guest: its kernel has them whatever the computer of the test has.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CgroupWrite, commandIn, quotaWrites, setUpWrites } from '../../packages/engine/src/limits/cgroup-writes.ts'
import { type BootedMachine, Machines } from './machine.ts'

const own = '/sys/fs/cgroup/own'
const vm = `${own}/vm`
const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const written = (writes: readonly CgroupWrite[]) => writes.map(({ file, text }) => `echo ${quoted(text)} >${quoted(file)}`).join(' && ')

describe('a cgroup of version 2', () => {
  let machines: Machines
  let machine: BootedMachine

  beforeAll(async () => {
    machines = await Machines.ready()
    machine = await machines.boot(await machines.spec('scsi'))
    await machine.sh('mkdir -p /usr/bin && ln -s /bin/env /usr/bin/env')
    await machine.sh(`mount -t cgroup2 none /sys/fs/cgroup && echo +cpu >/sys/fs/cgroup/cgroup.subtree_control && mkdir ${own}`)
  })
  afterAll(() => machines.end())

  /** Of one processor, over three seconds. */
  const share = async (pid: string) => {
    const read = `cut -d ' ' -f 14,15 /proc/${pid}/stat; cut -d ' ' -f 1 /proc/uptime`
    const [before = '', since = '', after = '', until = ''] = (await machine.sh(`${read}; sleep 3; ${read}`)).split('\n')
    const ticks = (text: string) => text.split(' ').reduce((sum, word) => sum + Number(word), 0)
    return (ticks(after) - ticks(before)) / 100 / (Number(until) - Number(since))
  }

  it('is made beside the processes of our own, holds what joins it to its percent, and lets it go', async () => {
    const spin = commandIn(vm, ['/bin/sh', '-c', 'while :; do :; done']).map(quoted).join(' ')
    const setUp = `mkdir ${vm} && ${written(setUpWrites({ version: 2, folder: own }, vm))} && ${written(quotaWrites(2, vm, null))}`
    const pid = await machine.sh(`echo $$ >${own}/cgroup.procs && ${setUp} && { ${spin} >/dev/null 2>&1 & echo $!; }`)
    expect(await machine.sh(`cat /proc/${pid}/cgroup`)).toBe('0::/own/vm')
    const free = await share(pid)
    await machine.sh(written(quotaWrites(2, vm, 10)))
    const held = await share(pid)
    await machine.sh(written(quotaWrites(2, vm, null)))
    const freeAgain = await share(pid)
    expect(held).toBeGreaterThan(0.03)
    expect(held).toBeLessThan(0.2)
    expect(Math.min(free, freeAgain)).toBeGreaterThan(2 * held)
    await machine.sh(`kill -9 ${pid}; until rmdir ${vm}; do usleep 100000; done 2>/dev/null`)
    expect(await machine.sh(`ls -d ${own}/*/ 2>/dev/null | wc -l`)).toBe('0')
  })

  it('cannot be made as a plain one there, which is why it is threaded', async () => {
    const join = `if echo $$ >${own}/plain/cgroup.procs; then echo taken; else echo refused; fi 2>/dev/null`
    const make = `echo $$ >${own}/cgroup.procs && echo +cpu >${own}/cgroup.subtree_control && mkdir ${own}/plain`
    expect(await machine.sh(`${make} && ${join} && echo threaded >${own}/plain/cgroup.type && ${join}`)).toBe('refused\ntaken')
  })
})
