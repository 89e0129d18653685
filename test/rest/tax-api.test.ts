import { buildSchema as buildSchemaOf, getNamedType, isObjectType, parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { entityTag, isKnownTag } from '../../src/rest/entity-tag.ts'
import { outputSchemas } from '../../src/rest/openapi/output-schemas.ts'
import { selectionOf } from '../../src/rest/tax-api/answered-fields.ts'
import { parametersOf, variablesOf } from '../../src/rest/tax-api/parameters.ts'
import { taxQuestions } from '../../src/rest/tax-api/questions.ts'
import { inRestWords, restWordsOf } from '../../src/rest/tax-api/rest-words.ts'
import { accessOf } from '../../src/rules/access.ts'
import { defaultQueryLimits, excessOf, measureQuery } from '../../src/rules/query-cost.ts'
import { buildSchema } from '../../src/schema/schema.ts'

function queryFields(sdl: string) {
  return buildSchemaOf(sdl).getQueryType()?.getFields() ?? {}
}

function parametersIn(args: string) {
  const { field } = queryFields(`
    scalar SafeInt
    enum Colour { RED BLUE }
    input Range { from: Int }
    type Query { field(${args}): Int }
  `)
  return parametersOf(field?.args ?? [])
}

describe('the parameters of a route', () => {
  test.each([
    ['obligationIds: [ID!]', 'obligation', true],
    ['obligationId: ID!', 'obligation', false],
    ['countries: [ID!]!', 'country', true],
    ['categories: [Colour!]', 'category', true],
    ['taxpayers: [String!]', 'taxpayer', true],
    ['days: Int = 30', 'days', false],
    ['first: Int', 'first', false],
  ])('%s is %s', (argument, name, repeatable) => {
    expect(parametersIn(argument)).toMatchObject([{ name, repeatable }])
  })

  test('know what is required and what is taken for what is left out', () => {
    const parameters = parametersIn('a: Int!, b: Int, c: Int! = 3')
    expect(parameters.map(({ required }) => required)).toEqual([true, false, false])
  })

  test('of one name, or of a kind that no query string holds, stop the start', () => {
    expect(() => parametersIn('country: ID, countries: [ID!]')).toThrow('share a name')
    expect(() => parametersIn('range: Range')).toThrow('range is no plain value')
  })

  test.each([
    ['whole: Int', 'whole=-7', { whole: -7 }],
    ['big: SafeInt', 'big=900000000', { big: 900_000_000 }],
    ['on: Boolean', 'on=false', { on: false }],
    ['colours: [Colour!]', 'colour=RED&colour=BLUE', { colours: ['RED', 'BLUE'] }],
    ['words: [String!]', 'word=a%2Cb', { words: ['a,b'] }],
    ['wholes: [Int!]', 'whole=1', { wholes: [1] }],
    ['left: Int', '', {}],
  ])('%s reads %s', (args, search, variables) => {
    expect(variablesOf(parametersIn(args), new URLSearchParams(search))).toEqual(variables)
  })

  test.each([
    ['whole: Int', 'whole=1.5', 'whole must be a whole number.'],
    ['whole: Int', 'whole=0x1F', 'whole must be a whole number.'],
    ['on: Boolean', 'on=yes', 'on must be true or false.'],
    ['colour: Colour', 'colour=red', 'colour must be one of RED, BLUE.'],
    ['colour: Colour', 'colour=__proto__', 'colour must be one of RED, BLUE.'],
    ['word: String', 'word=', 'word is empty.'],
    ['word: String', 'word=a&word=b', 'word is given twice.'],
    ['word: String!', '', 'word is missing.'],
    ['word: String', 'words=a', 'Unknown parameter; known are word.'],
    ['words: [String!]', 'words=a', 'Unknown parameter; known are word.'],
  ])('%s refuses %s', (args, search, message) => {
    const read = () => variablesOf(parametersIn(args), new URLSearchParams(search))
    expect(read).toThrow(message)
  })
})

describe('what a route answers', () => {
  const fields = queryFields(`
    interface Named { name: String }
    type Query { tree: Tree asked: Asked named: Named flat: [Flat!] }
    type Tree { name: String branches: [Tree!]! }
    type Asked { answer(to: Int!): Int }
    type Flat { name: String! inner: Inner list: [Int!] colour: Colour }
    type Inner { on: Boolean! }
    enum Colour { RED }
  `)
  const typeOf = (name: string) => {
    const type = fields[name]?.type
    if (!type) throw new Error(`no ${name}`)
    return type
  }

  test('is every field at every depth', () => {
    const selection = selectionOf(typeOf('flat')).replaceAll(/\s+/g, ' ')
    expect(selection).toBe('{ name inner { on } list colour }')
  })

  test('has an end, and asks for nothing that wants arguments or is abstract', () => {
    expect(() => selectionOf(typeOf('tree'))).toThrow('contains itself')
    expect(() => selectionOf(typeOf('asked'))).toThrow('answer wants arguments')
    expect(() => selectionOf(typeOf('named'))).toThrow('Named')
  })

  test('is described with its nulls, references too', () => {
    const { Flat, Inner, Colour } = outputSchemas([queryTypeOf('flat')], new Map())
    expect(Flat).toMatchObject({
      properties: {
        name: { type: 'string' },
        inner: { anyOf: [{ $ref: '#/components/schemas/Inner' }, { type: 'null' }] },
        list: { type: ['array', 'null'], items: { type: 'integer' } },
        colour: { anyOf: [{ $ref: '#/components/schemas/Colour' }, { type: 'null' }] },
      },
      required: ['name', 'inner', 'list', 'colour'],
    })
    expect([Inner?.type, Colour?.enum]).toEqual(['object', ['RED']])
  })

  function queryTypeOf(name: string) {
    const type = getNamedType(typeOf(name))
    if (!isObjectType(type)) throw new Error(`${name} is no object`)
    return type
  }
})

describe('the shipped routes', () => {
  const schema = buildSchema()
  const questions = taxQuestions(schema)

  test('are one for each metered query', () => {
    const fieldsOf = Object.values(schema.getQueryType()?.getFields() ?? {})
    const metered = fieldsOf.filter(({ extensions }) => accessOf(extensions)?.units)
    expect(questions.map(({ field }) => field).sort()).toEqual(
      metered.map(({ name }) => name).sort(),
    )
  })

  test.each(questions)(
    '$path asks what is valid and, with the largest page, affordable',
    ({ query }) => {
      const document = parse(query)
      expect(validate(schema, document)).toEqual([])
      const variables = { first: 500 }
      const size = measureQuery(document, { schema, variables, introspection: false })
      expect(excessOf(size, defaultQueryLimits)).toBeNull()
    },
  )

  test('say nothing in the words of GraphQL alone', () => {
    const words = restWordsOf(questions)
    const told = 'periodEndMonths: not with yearEndMonth; taxDates of these regions'
    expect(inRestWords(told, words)).toBe(
      'periodEndMonth: not with yearEndMonth; /api/v1/tax-dates of these regions',
    )
    expect(inRestWords('regions: AU-XYZ', words)).toBe('region: AU-XYZ')
  })
})

test.each([
  [undefined, false],
  ['', false],
  ['"other"', false],
  ['*', true],
  ['TAG', true],
  ['W/TAG', true],
  ['"other", TAG', true],
])('If-None-Match: %s', (header, known) => {
  const tag = entityTag('body')
  expect(isKnownTag(header?.replace('TAG', tag), tag)).toBe(known)
})
