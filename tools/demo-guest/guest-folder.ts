// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'

/** Scripts and settings that go onto the disks as they are. */
export const GUEST_FOLDER = join(import.meta.dirname, 'guest')
