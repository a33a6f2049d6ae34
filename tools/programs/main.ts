// SPDX-License-Identifier: Apache-2.0
import { buildPrograms } from './build.ts'

await buildPrograms()
