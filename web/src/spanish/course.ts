import type * as english from '../english/course'
import type { Said } from '../languages'

export default {
  course: {
    title: 'Lecciones',
    lead: 'Cada lección tiene una escena con la que jugar, palabras sencillas y preguntas al final. Las matemáticas y el código que las ejecuta aparecen si los pides.',
    needs: (lessons) => `Después de: ${lessons}`,
    nothing: 'No requiere nada antes',
    price: (chapters, minutes) => (chapters > 1 ? `${chapters} capítulos, ${minutes} minutos con las preguntas` : `${minutes} minutos con las preguntas`),
    begin: 'Abrir',
    goOn: 'Seguir',
    answered: (answered, total) => `${answered} de ${total} preguntas respondidas`,
    englishOnly: 'Esta lección está solo en inglés.',
    all: 'Todas las lecciones',
    kicker: 'Lección',
    of: {
      vae: { title: 'Autocodificadores y VAE', says: 'Arrastra un punto sobre una alfombra de cifras decodificadas, con la elipse de cada imagen. El precio de un bit funde la alfombra o la rasga.' },
      pixels: { title: 'Modelos autorregresivos', says: 'Una cifra aparece píxel a píxel, con barras para el siguiente. Corrige uno y cambia el resto; fija muchos a la vez, y es difusión enmascarada.' },
      evaluation: { title: 'Evaluación', says: 'Estropea imágenes perfectas con desenfoque, una cifra que falta o copias, y mira qué medida lo nota. Con solo tener menos imágenes, una de ellas empeora.' },
      numbers: { title: 'Imágenes como números', says: 'Un calentamiento para quien empieza de cero: ¿qué es una imagen para un ordenador y qué es una distribución?' },
      diffusion: { title: 'Difusión', says: 'Del ruido puro a la imagen: cómo se añade ruido, cómo una red aprende a quitarlo y cómo las palabras lo dirigen.' },
      flow: { title: 'Flujos (flow matching)', says: 'Las líneas rectas del ruido a los datos se cruzan, y por eso el flujo aprendido se curva. Enderézalo y bastará un solo paso.' },
      video: { title: 'Vídeo y modelos del mundo', says: 'Un clip es un bloque de espacio y tiempo. Mantén unidos sus fotogramas, continúa uno que dibujes tú y dirige lo que viene después.' },
      latent: { title: 'Difusión latente', says: 'Comprime un dibujo tuyo y mira qué se pierde, pinta sobre su latente y haz competir píxeles contra latentes.' },
      few: { title: 'Pocos pasos', says: 'Enseña un camino largo a un alumno que salta, mira dónde se rasga un salto y deja que los puntos deriven hacia los datos sin ningún nivel.' },
      gan: { title: 'Las GAN', says: 'Un falsificador y un crítico juegan el uno contra el otro. Mira cómo una nube de puntos falsos salta de grupo en grupo, y haz que se calme.' },
    },
  },
} satisfies Said<typeof english>
