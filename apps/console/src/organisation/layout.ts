// SPDX-License-Identifier: Apache-2.0
//
// Every file in the console's data folder, named here and nowhere else.
import { join, resolve } from 'node:path'

/** Sealed key files; root, targets and approver are offline keys, which an organisation may move elsewhere. */
export const keyNames = ['root', 'targets', 'approver', 'online', 'help-desk', 'chunk'] as const
export type KeyName = (typeof keyNames)[number]

export interface ConsoleLayout {
  readonly folder: string
  readonly database: string
  readonly key: (name: KeyName) => string
  /** TUF repository. */
  readonly repository: string
  readonly objects: string
  /** Raw disks of machines. */
  readonly disks: string
  /** Encrypted under a key that is derived from the online key. */
  readonly tlsKey: string
  readonly tlsCertificate: string
  readonly operatorSocket: string
}

export function consoleLayout(data: string): ConsoleLayout {
  const folder = resolve(data)
  return {
    folder,
    database: join(folder, 'console.db'),
    key: (name) => join(folder, 'keys', `${name}.key`),
    repository: join(folder, 'repository'),
    objects: join(folder, 'objects'),
    disks: join(folder, 'disks'),
    tlsKey: join(folder, 'tls', 'key.pem'),
    tlsCertificate: join(folder, 'tls', 'certificate.pem'),
    operatorSocket: join(folder, 'operator.sock'),
  }
}
