// SPDX-License-Identifier: Apache-2.0
//
// A VM's cgroup is named after the process that made it, so that whoever comes later knows whether that one is gone.
import { randomBytes } from 'node:crypto'
import { startOfProcess } from '../process-stat.ts'

const form = /^casemate-vm-(\d+)-(\d+)-[0-9a-f]{8}$/

export async function newCgroupName(): Promise<string> {
  return `casemate-vm-${process.pid}-${await startOfProcess(process.pid)}-${randomBytes(4).toString('hex')}`
}

/** Whether `name` is of a VM whose maker is gone. */
export async function isLeftover(name: string): Promise<boolean> {
  const [, pid, start] = form.exec(name) ?? []
  return pid !== undefined && (await startOfProcess(pid)) !== start
}
