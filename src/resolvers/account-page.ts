import type { Db, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import type { Connection, PageArguments } from '../rules/connection.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'
import { newestFirst } from './newest-first.ts'

const MOST_SEARCH_CHARACTERS = 100

/** Of a page of accounts. */
export type AccountPageArguments = PageArguments & {
  /** Part of a name, an address or a user id, in any case; or a whole account id. */
  search?: string | null | undefined
}

/**
 * Newest first.
 * @throws BadInput
 */
export async function accountPage(
  db: Db,
  args: AccountPageArguments,
): Promise<Connection<AccountDoc>> {
  const wanted = searchFilter(args.search)
  const list = { collection: accounts(db), name: 'account', id: /^acc_[0-9A-Za-z]{16}$/ }
  return await newestFirst({ ...list, wanted }, args)
}

function searchFilter(search: string | null | undefined): Filter<AccountDoc> {
  if (search == null || search === '') return {}
  if (search.length > MOST_SEARCH_CHARACTERS) {
    throw new BadInput(`"search" must have at most ${MOST_SEARCH_CHARACTERS} characters.`)
  }
  // Escaped: it is a text to find, not a pattern. PCRE cuts a pattern off at NUL.
  if (search.includes('\0')) throw new BadInput('"search" must not hold control characters.')
  const part = { $regex: search.replace(/[\\^$.*+?()[\]{}|#\s-]/g, '\\$&'), $options: 'i' }
  return { $or: [{ _id: search }, { name: part }, { email: part }, { userId: part }] }
}
