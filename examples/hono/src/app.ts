import { fire, incomingHandler } from '@bytecodealliance/jco-std/wasi/0.2.x/http/adapters/hono/server'
import { Hono } from 'hono'

/** A book on the shelf. */
interface Book {
  readonly title: string
  readonly year: number
}

const books: Book[] = []

const app = new Hono()
app.get('/', (c) => c.text('A shelf of books: GET and POST /books'))
app.get('/books', (c) => c.json(books))
app.get('/books/:at', (c) => {
  const book = books[Number(c.req.param('at'))]
  return book === undefined ? c.json({ error: 'no such book' }, 404) : c.json(book)
})
app.post('/books', async (c) => {
  const book: unknown = await c.req.json().catch(() => undefined)
  if (!isBook(book)) return c.json({ error: 'a book has a title and a year' }, 400)
  books.push({ title: book.title, year: book.year })
  return c.json(book, 201, { location: `/books/${books.length - 1}` })
})
app.get('/prices', async (c) => {
  try {
    const response = await fetch('https://prices.example.com/books')
    return c.json(await response.json())
  } catch {
    return c.json({ error: 'the prices cannot be had' }, 502)
  }
})

function isBook(value: unknown): value is Book {
  if (typeof value !== 'object' || value === null) return false
  return (
    'title' in value && typeof value.title === 'string' && 'year' in value && typeof value.year === 'number'
  )
}

fire(app)

// What the component exports as `wasi:http/incoming-handler`.
export { incomingHandler }
