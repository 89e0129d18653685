import type { Db, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import type { AccountPage } from '../schema/account.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'

const FIRST = { default: 50, most: 500 } as const
const MOST_SEARCH_CHARACTERS = 100

export interface AccountPageArguments {
  first?: number | null | undefined
  after?: string | null | undefined
  /** Part of a name, an address or a user id, in any case; or a whole account id. */
  search?: string | null | undefined
}

/**
 * Newest first; the cursor holds the last account's place in that order, so that pages neither repeat nor
 * leave out an account when others are created meanwhile.
 * @throws BadInput
 */
export async function accountPage(
  db: Db,
  args: AccountPageArguments,
): Promise<AccountPage<AccountDoc>> {
  const first = args.first ?? FIRST.default
  if (first < 1 || first > FIRST.most) throw new BadInput(`"first" must be 1 to ${FIRST.most}.`)
  const wanted = searchFilter(args.search)
  const place = args.after == null ? null : placeOf(args.after)
  const [found, totalCount] = await Promise.all([
    accounts(db)
      .find(place ? { $and: [wanted, after(place)] } : wanted)
      .sort({ createdAt: -1, _id: -1 })
      .limit(first + 1)
      .toArray(),
    accounts(db).countDocuments(wanted),
  ])
  const edges = found.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }))
  return {
    edges,
    totalCount,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: place !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
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

interface Place {
  createdAt: Date
  id: string
}

function after({ createdAt, id }: Place): Filter<AccountDoc> {
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: id } }] }
}

function cursorOf(account: AccountDoc): string {
  return Buffer.from(`account:${account.createdAt.getTime()}:${account._id}`).toString('base64url')
}

function placeOf(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, at, id] = /^account:(\d{1,15}):(acc_[0-9A-Za-z]{16})$/.exec(text) ?? []
  if (at === undefined || id === undefined) throw new BadInput('"after" is no cursor of this list.')
  return { createdAt: new Date(Number(at)), id }
}
