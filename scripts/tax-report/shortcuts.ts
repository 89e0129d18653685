import type { CountryCode } from '../../src/rules/tax/country-code.ts'
import type { HolidayCalendar } from '../../src/rules/tax/holiday-calendar.ts'
import type { CountryTaxData, IndexedTaxDate } from '../../src/rules/tax/tax-data.ts'
import { type Calendars, type TaxDate, taxDatesOf } from '../../src/rules/tax/tax-dates.ts'
import type { ShiftRule, TaxRule } from '../../src/rules/tax/tax-rule.ts'

/**
 * What simpler calendars do instead of the law, each on the dates it would get wrong: one state's
 * holidays for a federal date, weekends without holidays, the next working day where nothing moves.
 */
export type Shortcut = {
  readonly name: string
  /** Its wrong dates are worth telling one by one; of the others the report says how many. */
  readonly told: boolean
  /** The shift that takes the place of the rule's own; undefined: the shortcut does not touch it. */
  readonly shiftOf: (rule: TaxRule) => ShiftRule | undefined
  readonly calendars: Calendars
}

export type WrongDate = {
  readonly id: string
  readonly dueDate: string
  readonly shortcutDate: string
  /** What the shortcut does not know, or moves for no reason. */
  readonly because: string
}

export type ShortcutResult = {
  readonly name: string
  readonly told: boolean
  readonly wrong: readonly WrongDate[]
}

/** The one that every country has. */
export const WEEKENDS_ONLY = 'weekends without holidays'
const AU_FEDERAL = 'AU-ANY'
const AU_STATES = ['AU-NSW', 'AU-VIC', 'AU-QLD', 'AU-WA', 'AU-SA', 'AU-TAS', 'AU-ACT', 'AU-NT']
/** All that touch a rule of the country. */
export function shortcutsOf({ country, rules }: CountryTaxData, calendars: Calendars): Shortcut[] {
  const all = possibleShortcuts(country.code, calendars)
  return all.filter(({ shiftOf }) => [...rules.values()].some((rule) => shiftOf(rule)))
}

function possibleShortcuts(code: CountryCode, calendars: Calendars): Shortcut[] {
  const shortcuts = [withoutHolidays(calendars)]
  if (code === 'AU') shortcuts.unshift(...AU_STATES.map((id) => ofOneState(id, calendars)))
  if (code === 'US') {
    const name = 'federal holidays without Emancipation Day of the District'
    shortcuts.unshift(lacking(name, 'US-DC', /^Emancipation Day/, calendars))
  }
  if (code === 'CA') {
    const name = 'general holidays of the Canada Labour Code alone'
    shortcuts.unshift(lacking(name, 'CA-CRA', /^(Easter Monday|Civic Holiday)/, calendars))
  }
  // Only here does the authority itself say that nothing moves; elsewhere no weekend rule was found.
  if (code === 'GB') shortcuts.unshift(movedAnyway('GB-EAW', calendars))
  return shortcuts
}

function ofOneState(id: string, calendars: Calendars): Shortcut {
  return {
    name: `holidays of ${calendars.get(id)?.name} alone`,
    told: id === 'AU-NSW',
    calendars,
    shiftOf: ({ shift }) =>
      shift.calendar === AU_FEDERAL ? { ...shift, calendar: id } : undefined,
  }
}

function withoutHolidays(calendars: Calendars): Shortcut {
  return {
    name: WEEKENDS_ONLY,
    told: false,
    calendars,
    shiftOf: ({ shift }) =>
      shift.convention === 'none' ? undefined : { ...shift, calendar: 'NONE' },
  }
}

function lacking(name: string, id: string, holiday: RegExp, calendars: Calendars): Shortcut {
  const whole = calendars.get(id)
  const short = new Map(calendars)
  if (whole) short.set(id, lackingIn(whole, holiday))
  return {
    name,
    told: true,
    calendars: short,
    shiftOf: ({ shift }) => (shift.calendar === id ? shift : undefined),
  }
}

function lackingIn(whole: HolidayCalendar, holiday: RegExp): HolidayCalendar {
  const kept = [...whole.holidays].filter(([, { name }]) => !holiday.test(name))
  return { ...whole, holidays: new Map(kept) }
}

function movedAnyway(calendar: string, calendars: Calendars): Shortcut {
  return {
    name: 'moved to the next working day all the same',
    told: false,
    calendars,
    shiftOf: ({ shift }) =>
      shift.convention === 'none'
        ? { ...shift, convention: 'next', weekends: true, calendar }
        : undefined,
  }
}

/** The dates for everybody, among those listed by default, that a shortcut would get wrong. */
export function wrongBy(shortcut: Shortcut, country: CountryTaxData): ShortcutResult {
  const wrong: WrongDate[] = []
  for (const dates of country.datesByYear.values()) {
    for (const date of dates) {
      if (date.listedByDefault) wrong.push(...wrongDate(shortcut, date, country))
    }
  }
  return { name: shortcut.name, told: shortcut.told, wrong }
}

function wrongDate(
  { shiftOf, calendars }: Shortcut,
  { taxDate }: IndexedTaxDate,
  { rules }: CountryTaxData,
): WrongDate[] {
  const rule = rules.get(taxDate.obligation.id)
  if (rule === undefined || taxDate.region !== rule.region) return []
  const shift = shiftOf(rule)
  if (shift === undefined) return []
  const period = { start: taxDate.periodStart, end: taxDate.periodEnd }
  const [otherwise] = taxDatesOf({ ...rule, shift }, taxDate.obligation, period, calendars)
  if (otherwise === undefined || otherwise.dueDate === taxDate.dueDate) return []
  return [
    {
      id: taxDate.id,
      dueDate: taxDate.dueDate,
      shortcutDate: otherwise.dueDate,
      because: causeOf(taxDate, otherwise),
    },
  ]
}

/** The steps that only one of the two took. */
function causeOf(right: TaxDate, wrong: TaxDate): string {
  const stepsOf = ({ movedBy }: TaxDate) => movedBy.map(({ name, date }) => `${name} ${date}`)
  const [ours, theirs] = [stepsOf(right), stepsOf(wrong)]
  const missing = ours.filter((step) => !theirs.includes(step))
  return (missing.length > 0 ? missing : theirs.filter((step) => !ours.includes(step))).join(', ')
}
