// SPDX-License-Identifier: Apache-2.0
//
// Tries to open a database, says how that ended, and keeps what it got until it is killed.

import { DatabaseError } from '../../../src/db/error.ts'
import { openDatabase } from '../../../src/db/sqlite/open-database.ts'

const [file = '', migrations = ''] = process.argv.slice(2)
try {
  await openDatabase({ file, migrations })
  console.log('open')
} catch (error) {
  console.log(error instanceof DatabaseError ? error.code : String(error))
}
setInterval(() => {}, 60_000)
