// SPDX-License-Identifier: Apache-2.0
//
// Writes docs/policy-reference.md: `node packages/policy/reference/generate.ts`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { referencePage } from './page.ts'

writeFileSync(join(import.meta.dirname, '../../../docs/policy-reference.md'), referencePage())
