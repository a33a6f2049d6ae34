// SPDX-License-Identifier: Apache-2.0
//
// A VM's cgroup is named after the process that made it, so that whoever comes later knows whether that one is gone.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const form = /^casemate-vm-(\d+)-(\d+)-[0-9a-f]{8}$/

export async function newCgroupName(): Promise<string> {
  return `casemate-vm-${process.pid}-${await startOf(process.pid)}-${randomBytes(4).toString('hex')}`
}

/** Whether `name` is of a VM whose maker is gone. */
export async function isLeftover(name: string): Promise<boolean> {
  const [, pid, start] = form.exec(name) ?? []
  return pid !== undefined && (await startOf(Number(pid))) !== start
}

/** In clock ticks since the computer started (field 22 of proc_pid_stat(5)): numbers of processes are used again. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program may hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
