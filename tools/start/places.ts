// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Who signs in at the console. */
export const administrator = 'admin'

/** Everything that `npm start` keeps below its data folder. */
export interface Places {
  readonly lock: string
  readonly organisation: string
  /** Beside the sealed keys of a demo; a real organisation must not. */
  readonly passphrase: string
  readonly device: string
  readonly policy: string
  /** What was published last; written when it is. */
  readonly published: string
  /** Written when the administrator has been made. */
  readonly administrator: string
  /** A sealed package by the content of its images. */
  sealed(version: string): string
  log(name: 'console' | 'launcher'): string
}

export function placesOf(data: string): Places {
  return {
    lock: join(data, 'start.lock'),
    organisation: join(data, 'organisation'),
    passphrase: join(data, 'passphrase'),
    device: join(data, 'device'),
    policy: join(data, 'demo-policy.yaml'),
    published: join(data, 'published.json'),
    administrator: join(data, 'administrator'),
    sealed: (version) => join(data, 'sealed', version),
    log: (name) => join(data, `${name}.log`),
  }
}
