import type * as english from '../english/handouts'
import type { Said } from '../languages'

export default {
  handouts: {
    title: 'Apuntes para imprimir',
    lead: 'Figuras, ecuaciones, código y preguntas; las respuestas están al final. Cabe en A4 y en Letter.',
    print: 'Imprimir o guardar como PDF',
    drawing: (number, count) => `Dibujando la figura ${number} de ${count}…`,
    book: 'Modelos generativos que puedes tocar',
    bookLead: (lessons) => `Los apuntes de las ${lessons} lecciones, con figuras, ecuaciones, código, preguntas y respuestas. Cada figura la dibuja la propia escena de la lección.`,
    contents: 'Contenido',
    figure: (number) => `Figura ${number}.`,
    questions: 'Preguntas',
    answers: 'Respuestas',
    arrange: 'Ponlos en orden.',
    between: (from, to) => `Un número de ${from} a ${to}: ________`,
    listLead: 'Cada lección en papel: su texto, figuras dibujadas por su escena, ecuaciones, código y preguntas con las respuestas al final. Toma el PDF o abre la página para imprimirla a tu gusto.',
    page: 'Página para imprimir',
    pdf: (pages, megabytes) => `PDF, ${pages} ${pages === 1 ? 'página' : 'páginas'}, ${megabytes} MB`,
    asBook: 'Todas las lecciones en un libro',
    chapters: 'Capítulo a capítulo',
  },
} satisfies Said<typeof english>
