import type * as english from '../english/pages'
import type { Said } from '../languages'

export default {
  pages: {
    glossary: {
      title: 'Glosario',
      lead: (count) => `${count} términos del campo, en palabras sencillas. En los capítulos, cada palabra subrayada muestra su significado allí donde está.`,
      find: 'Buscar un término',
      none: 'Ningún término coincide.',
      found: (count) => (count === 1 ? '1 término' : `${count} términos`),
      letters: 'Letras',
    },
    notes: {
      title: 'Apuntes',
    },
    certificate: {
      title: 'Diploma',
      print: 'Imprimir',
      name: 'Tu nombre, tal como debe figurar en el diploma',
      named: 'Se queda en este navegador.',
      unnamed: 'Tu nombre',
      heading: 'Diploma sobre modelos de difusión',
      before: 'Se hace constar que',
      after: 'ha estudiado ocho capítulos sobre modelos de difusión, del ruido puro a la imagen,',
      score: (right, total) => `y ha respondido bien ${right} de ${total} preguntas.`,
      percent: (share) => `${share} %`,
      scoreLabel: 'Resultado',
      dateLabel: 'Fecha',
      questionsLabel: 'Preguntas',
      date: (date) => date.toLocaleDateString('es', { day: 'numeric', month: 'long', year: 'numeric' }),
      honest: 'Calculado y guardado en el navegador de quien lo ha leído. Nadie ha vigilado.',
      strip: 'Un nudo de puntos, del ruido a la forma',
      notYet: 'Todavía no',
      missing: 'El diploma es para quien ha respondido todas las preguntas sobre difusión y, la última vez, ha acertado cuatro de cada cinco. Las preguntas sobre código no cuentan. Falta esto:',
      open: (chapter, count) => `${chapter}: ${count === 1 ? 'queda 1 pregunta' : `quedan ${count} preguntas`} sin responder.`,
      tooFew: (right, needed, total) => `La última vez acertaste ${right} de ${total}; hacen falta ${needed}.`,
      toQuiz: 'Ir a las preguntas',
    },
  },
} satisfies Said<typeof english>
