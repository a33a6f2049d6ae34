// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises'

export function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
