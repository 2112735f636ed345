"""What the lesson's English says in numbers and comparisons, computed anew; and nothing of the kind is left out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from prose import ENGLISH, EVERY, LESSONS, asked, claims, quiz_file, sentences, text_file
from truths import (
    RECORDED,
    averages_are_best,
    batches_scatter_less,
    between_the_hills,
    between_the_hills_in_the_panel,
    class_told,
    ddpm_keeps_a_share,
    ends_and_middle_of_the_schedules,
    fine_skip,
    fresh_noise_restores,
    guesses_become_clearer,
    keeps_the_total,
    mean_errors,
    network_size,
    no_middle_extreme,
    noise_error_falls,
    noise_level_matters_most_at_much,
    noise_level_told,
    odds_follow_the_noise,
    one_start_one_end,
    ratios_are_in_order,
    recorded_run,
    recorded_samples,
    rounding_is_small,
    spends_its_time,
    steps_find_the_hills,
    what_parts_matter,
)
from truths_course import (
    best_critic_is_flat,
    clips_counted,
    digits_lie_apart_from_dice,
    digits_share_places_of_the_plane,
    errors_follow_edges,
    latent_is_local,
    one_call_is_an_average,
)
from truths_drawn import (
    autoencoder_squeezes,
    calls_counted,
    class_dropped,
    few_steps,
    guesses_blur_or_not,
    guidance_costs,
    guidance_doubles_calls,
    kept_in_every_bit,
    latent_noise_is_borne,
    latent_sizes,
    orders_pay,
    page_counts,
    three_from_one_noise,
    twenty_are_enough,
    words_combine,
    words_in_latents,
)

DEFINED = "holds by definition, or by the arithmetic that it spells out"
SHOWN = "says what stands on the page or what to do there"
PLAIN = "compares nothing that can be measured"
PLAYED = "computed in test_lesson_course.py"
JUDGED = "computed in test_course_pictures.py"
KNOWN = "from the papers and manuals of these systems"

# A piece of each sentence that says a number or compares, and the check that computes it, or why there is none.
SAID: dict[str, Callable[[], None] | str] = {
    # idea
    "set t to 0.5": SHOWN, "a little more at every moment": DEFINED, "the first half is useful": PLAIN,
    "The best guess of the clean point": averages_are_best, "a few hundred blobs": page_counts,
    "the best guess can be computed exactly": averages_are_best,
    # forward
    "Two numbers say how": DEFINED, "you see one picture at": page_counts, "two things are done": DEFINED,
    "set t to 0.7": SHOWN, "The two numbers come": DEFINED, "a chain of a thousand steps": keeps_the_total,
    "Two hundred small doses": keeps_the_total, "The two results differ": DEFINED, "keep a little less": DEFINED,
    "Old variance times": keeps_the_total, "the total stays 1": keeps_the_total, "many powers of ten": spends_its_time,
    "At 0 both have": DEFINED, "Each 2.3 further down": spends_its_time, "spends 45% of it": spends_its_time,
    "cosine spends 14%": spends_its_time, "On the first three schedules": keeps_the_total,
    "The straight one has": keeps_the_total, "you see no more than before": DEFINED, "explained in two ways": DEFINED,
    "computes the odds between the two": odds_follow_the_noise, "The odds of the two": odds_follow_the_noise,
    "the smaller noise is the likelier one": odds_follow_the_noise,
    # reverse
    "The tuned walk leaves": SHOWN,  # and held by test_tuned.py
    "in three clusters": page_counts, "three hills": page_counts, "Further back, noise": SHOWN,
    "become likelier fastest": DEFINED, "Look at “The best guess”": SHOWN,
    "stands at the best guess": averages_are_best,
    "the average has the smallest squared error": averages_are_best,
    "The answer with the smallest expected": averages_are_best, "at the next lower": DEFINED,
    "the next guess is clearer": guesses_become_clearer, "With ten steps": steps_find_the_hills,
    "the hills come out too thin": fresh_noise_restores, "two thousand walkers end": fresh_noise_restores,
    "the density there is half": fresh_noise_restores,
    # network
    "windows of 3 × 3": DEFINED, "A window of 3 × 3": PLAIN, "the same window covers twice": DEFINED,
    "On the lower floor the network sees": PLAIN, "the picture is doubled again": DEFINED,
    "which of four pixels": DEFINED,
    "no longer exactly where": fine_skip,
    "becomes five times as large": fine_skip, "0.145 instead of 0.029": fine_skip, "the skip hardly matters": fine_skip,
    "its errors on them are a little smaller": recorded_run, "into 256 numbers": network_size,
    "the error more than doubles": noise_level_told, "99 times in 100": class_told, "it draws the class": class_told,
    "On the lower floor there is": SHOWN, "all sixteen places": DEFINED, "add up to 100%": DEFINED,
    "Two heads": network_size,
    "trust the numbers more": PLAIN, "a digit of 8 × 8": DEFINED, "hundreds of pixels apart": DEFINED,
    "the better its query": DEFINED, "This network has 1,785,345": network_size, "several hundred times": network_size,
    # training
    "a quarter of a million times": recorded_run, "each of the 1,785,345 weights": network_size,
    "With 80 digits you land": batches_scatter_less,
    "ten seconds are enough": SHOWN, "Two networks play": DEFINED,
    "no balance between two": DEFINED, "14 minutes on": recorded_run, "Two other models": DEFINED,
    "starts all three": SHOWN, "The best guess is their average": averages_are_best,
    "highest at little noise": noise_error_falls,
    "Most of its height": recorded_run, "3% of the run": recorded_run, "6 of the 40": recorded_samples,
    "it is one at most": recorded_samples, "from 0.153 to 0.137": recorded_run,
    "No answer can be better": averages_are_best,
    "All forty samples": recorded_run, "A tenth of the digits": recorded_run, "64,000 to 128,000": recorded_run,
    "risen to 0.137": recorded_run, "to 0.094": recorded_run, "its 1,617 examples": recorded_run,
    "nearer to the training pictures": recorded_samples, "The cure is more data": PLAIN,
    # sampling
    "Three walks start": SHOWN, "Heun needs two": calls_counted, "twenty steps are enough": twenty_are_enough,
    "at the lower level s": DEFINED, "eta = 0 is DDIM": DEFINED, "average of two directions": DEFINED,
    "nearer to the curve with equally many": orders_pay, "from four steps on": orders_pay,
    "the average of all smiling faces": few_steps, "the same for every seed": few_steps, "With three steps": few_steps,
    "hardly another for another seed": one_call_is_an_average,
    "With ten they still": few_steps, "the average of all drawings": few_steps,
    "One call of this network": averages_are_best, "from the weights of the first": DEFINED,
    "in one call and in two": SHOWN, "towards the training pictures near it": DEFINED,
    "the pushes and pulls cancel": DEFINED,
    "a contest of two networks": DEFINED, "divided by 2 to the p": DEFINED,
    "by 2 for Euler": DEFINED, "alone or among a thousand": DEFINED, "Different seeds give": few_steps,
    # steering
    "one thing more": DEFINED, "given that it is a three": DEFINED, "“Two digits side by side”": SHOWN,
    "Ten classes can say": DEFINED, "A prompt says more": PLAIN, "of four million weights": words_combine,
    "the last row of the film": SHOWN, "has put two words together": words_combine, "learnt from 3,860": words_combine,
    "hundreds of millions of pictures": KNOWN, "one caption in ten": class_dropped, "gives two guesses": DEFINED,
    "goes further that way": DEFINED, "w = 0 ignores": guidance_costs, "call our 1 their 0": KNOWN,
    "more like one another": guidance_costs, "rare ways to write a three": guidance_costs,
    "harsher than": guidance_costs,
    "about 3 to 8": KNOWN, "draws three pictures": SHOWN, "The three begin alike": three_from_one_noise,
    "512 × 512 pixels is": latent_sizes, "Most of them say little": PLAIN, "48 times fewer": latent_sizes,
    "The other half unfolds": DEFINED, "“A smaller space”": SHOWN, "greater than 48": latent_sizes,
    "this autoencoder, of half a million weights": autoencoder_squeezes, "near the stroke": autoencoder_squeezes,
    "only ever seen drawings": autoencoder_squeezes, "noise of up to a fifth": latent_noise_is_borne,
    "as much noise as latent": latent_noise_is_borne, "much nearer to what an encoder": PLAIN,
    "Draw at 128 pixels": SHOWN, "sixteen times as many pixels": words_in_latents,
    "4,096 times fewer": latent_sizes, "The factor of 8": latent_sizes, "3 colours become": latent_sizes,
    "the mask m is 1": DEFINED, "The more noise, the freer": guesses_become_clearer, "one axis more": DEFINED,
    # world
    "DALL·E, Stable Diffusion, Midjourney": PLAIN, ", 2022.": KNOWN, "From noise to picture, twice": KNOWN,
    "64 × 64 pixels": KNOWN,
    "Three walks one after": KNOWN, "to 64, then to 256": KNOWN, "Hundreds of millions": KNOWN,
    "with fewer steps": KNOWN,
    "The same walk, in a smaller": KNOWN, "860 million weights": KNOWN, "Billions of pictures": KNOWN,
    "20 to 50 steps": KNOWN,
    "guidance of about 7": KNOWN, "since 2022": KNOWN, "OpenAI, 2024": KNOWN, "Four systems": SHOWN,
    "never as few as": calls_counted, "the best pictures came from": KNOWN,
    "Four points": SHOWN, "holds all five": SHOWN,
    "All four begin": KNOWN, "a larger block": DEFINED, "on far more text": KNOWN,
    "The smaller space of": SHOWN, "16 numbers at each place": KNOWN, "This costs more, and it pays": KNOWN,
    "more weights and more data": KNOWN, "two narrow ones": DEFINED, "a hundred times smaller": KNOWN,
    "one more bridge": DEFINED, "in one to four": KNOWN, "In 2023 researchers": KNOWN,
    "94 of the originals came back": KNOWN,
    # numbers
    "This scan of a digit has 8 rows": digits_lie_apart_from_dice, "A photo is the same": KNOWN,
    "three for each": KNOWN, "So any 64 numbers": DEFINED, "half of the way to the dice": SHOWN,
    "Two numbers of it decide": SHOWN, "The digits lie close together": digits_lie_apart_from_dice,
    "lives among all 64 numbers": DEFINED,
    # flow
    "The data are three clusters": SHOWN, "Here are 48 such pairs": SHOWN,
    "It can give one answer only": averages_are_best,
    "no two of them cross": PLAYED, "goes straight on between two": DEFINED, "With four steps": SHOWN,
    "a single step ends where forty do": PLAYED, "falls to less than a tenth": PLAYED,
    "For pictures there is more room": KNOWN, "a reflow copies the ends": PLAYED, "In 2023 a reflow": KNOWN,
    "data that lie near it": KNOWN,
    # evaluation
    "described by twenty features": DEFINED, "placed by the first three": SHOWN,
    "Four scores compare": SHOWN, "Blur them a little": SHOWN,
    "more than five times what it was": JUDGED, "nearer to the average, and there": JUDGED,
    "Blur more, and precision": JUDGED, "Now leave three digits out": SHOWN, "about a quarter of the real": JUDGED,
    "judge fifty pictures": SHOWN, "about five times as large": JUDGED, "a poor estimate": DEFINED,
    "judged by fewer pictures seems": JUDGED, "most of the distance is gone": JUDGED, "only becomes less sure": JUDGED,
    "Now the worst model": PLAIN, "Precision is 100%": JUDGED, "the next fifty": DEFINED,
    "The last row of the table": DEFINED, "These twenty come from": DEFINED,
    # vae
    "Squeeze a digit into two": DEFINED, "An autoencoder is two": DEFINED, "The encoder turns the 64": DEFINED,
    "back into 64 pixels": DEFINED, "Two numbers are too few": JUDGED, "Set β to 0": SHOWN,
    "three in five lie off": JUDGED, "Take points from a bell curve": JUDGED, "mends this by two": DEFINED,
    "holds about seven bits": JUDGED, "it is a bound on": DEFINED, "a bit costs more than it saves": JUDGED,
    "between two wishes": PLAIN, "Even at its best": PLAIN, "the squared error is smallest for": averages_are_best,
    # pixels
    "64 pixels in four shades": DEFINED, "costs one bit, a quarter costs two": DEFINED, "it takes 128 bits": DEFINED,
    "take about 57 on average": JUDGED, "A GAN has none": KNOWN, "It needs no more than": PLAIN,
    "64 pixels cost 64 calls": DEFINED, "set sixteen of them": SHOWN, "four calls, and the digit": DEFINED,
    "With all 64 in one call": JUDGED, "More calls make better": JUDGED,
    # gan
    "takes two random numbers": DEFINED, "how real it looks, from 0 to 1": DEFINED, "lie in eight clusters": SHOWN,
    "Begin at step 0": SHOWN, "a bad one a hundred steps later": PLAYED, "asks the forger for all eight": DEFINED,
    "Let the forger learn eight times": SHOWN, "More than half of its cloud": PLAYED,
    "a little later the cloud sits": PLAYED, "With both alike": PLAYED,
    "With a critic that learns four times": PLAYED, "all eight clusters are found": PLAYED, "Only two numbers": SHOWN,
    "The two clouds overlap, and the slopes": best_critic_is_flat, "with noise of every strength": PLAIN,
    "Models that draw in one to four": KNOWN, "The best critic for a forger": DEFINED,
    "Where one density is zero": DEFINED,
    # video
    "one axis more than a picture": DEFINED, "so the whole clip is 2,352": clips_counted,
    "there are 2,048 of them": clips_counted,
    "the nearest thing that the data know": PLAYED, "Sora, in 2024": KNOWN, "four times as many pairs": DEFINED,
    # latent
    "Most numbers of a picture say": PLAIN, "in three colours is 49,152": autoencoder_squeezes,
    "squeezes it into 2,048": autoencoder_squeezes, "eight sheets of 16 × 16": autoencoder_squeezes,
    "That is 24 times fewer": autoencoder_squeezes, "what its 10,000 drawings need": autoencoder_squeezes,
    "a patch of 8 × 8 pixels": latent_is_local, "sixteen numbers are moved": latent_is_local,
    "smaller sides": DEFINED, "Let two walks race": SHOWN, "sixteen emoji side by side": words_in_latents,
    "the network at the right has more": words_in_latents, "For larger pictures the gain": DEFINED,
    "64 times fewer places, and 4,096": latent_sizes, "half-way between two latents": PLAIN,
    "More sheets, or larger ones": PLAIN, "there is more for the walk": PLAIN, "Stable Diffusion of 2022": KNOWN,
    # few
    "A walk of 64 calls": SHOWN,
    "what one jump, two and four are": SHOWN, "In 64 steps its points": PLAYED, "Two steps and four": PLAYED,
    "A better sampler bends": PLAIN, "in one call instead of 64": PLAYED, "Two neighbouring points of": PLAYED,
    "Four jumps mend": PLAYED, "less than at the start": DEFINED, "no longer those of the teacher": PLAYED,
    "the two forces cancel": DEFINED, "Drifting models (2026)": KNOWN, "makers look at two things": PLAIN,
}  # fmt: skip

# Every question with the number of its sentences that say a number or compare (so that a new one is looked at), and
# the checks that compute them and what its panel shows, or why there are none. A wrong answer says what is not so.
QUESTIONS: dict[str, tuple[int, *tuple[Callable[[], None] | str, ...]]] = {
    "idea.forward": (3, DEFINED), "idea.contains": (4, ends_and_middle_of_the_schedules), "idea.paths": (2, DEFINED),
    "idea.half": (5, ends_and_middle_of_the_schedules), "idea.ball": (1, PLAIN),
    "idea.life": (2, guesses_become_clearer),
    "idea.seeds": (5, one_start_one_end),
    "forward.jump": (4, keeps_the_total), "forward.variance": (7, ends_and_middle_of_the_schedules, keeps_the_total),
    "forward.divide": (1, DEFINED), "forward.schedule": (7, ends_and_middle_of_the_schedules),
    "forward.stories": (6, odds_follow_the_noise), "forward.shrink": (2, keeps_the_total),
    "forward.ratio": (14, ratios_are_in_order), "forward.root": (4, ends_and_middle_of_the_schedules),
    "forward.beta": (4, ends_and_middle_of_the_schedules),
    "reverse.one-step": (4, averages_are_best), "reverse.blur": (4, averages_are_best, guesses_become_clearer),
    "reverse.between": (8, between_the_hills, between_the_hills_in_the_panel, averages_are_best),
    "reverse.noise-back": (1, fresh_noise_restores), "reverse.no-noise": (3, fresh_noise_restores),
    "reverse.score": (2, DEFINED), "reverse.score-noise": (2, DEFINED), "reverse.step": (1, DEFINED),
    "reverse.fresh": (3, ddpm_keeps_a_share, fresh_noise_restores),
    "network.inputs": (2, DEFINED), "network.one": (3, PLAIN), "network.skip": (3, fine_skip),
    "network.time": (6, noise_level_matters_most_at_much, noise_level_told), "network.attention": (2, DEFINED),
    "network.target": (0, PLAIN), "network.way": (3, DEFINED),
    "training.target": (1, DEFINED), "training.flat": (2, recorded_run, recorded_samples),
    "training.floor": (2, rounding_is_small, averages_are_best),
    "training.level": (1, noise_error_falls, no_middle_extreme), "training.heart": (2, recorded_run),
    "training.ema": (2, DEFINED), "training.step": (0, DEFINED), "training.one-level": (0, DEFINED),
    "sampling.gan": (3, KNOWN), "sampling.more-steps": (6, twenty_are_enough), "sampling.one": (7, few_steps),
    "sampling.seed": (4, DEFINED), "sampling.ode": (0, DEFINED), "sampling.order": (4, orders_pay, calls_counted),
    "sampling.calls": (11, calls_counted), "sampling.x0": (1, DEFINED), "sampling.end": (4, DEFINED),
    "steering.free": (3, DEFINED), "steering.one": (6, guidance_doubles_calls), "steering.high": (3, guidance_costs),
    "steering.zero": (5, guidance_costs), "steering.drop": (4, class_dropped),
    "steering.cost": (8, guidance_doubles_calls), "steering.sketch": (3, guesses_become_clearer),
    "steering.first": (0, guesses_blur_or_not), "steering.unseen": (0, words_combine),
    "steering.known": (6, kept_in_every_bit), "steering.mask": (4, DEFINED), "steering.latent": (4, latent_sizes),
    "steering.guided": (2, DEFINED), "steering.reversed": (3, DEFINED),
    "world.price": (1, calls_counted), "world.latent": (2, KNOWN), "world.lora": (2, KNOWN), "world.copies": (1, KNOWN),
    "flow.target": (1, DEFINED), "flow.cross": (2, averages_are_best), "flow.never": (4, PLAYED),
    "flow.one": (1, averages_are_best, PLAYED), "flow.lost": (2, PLAYED), "flow.reflow": (1, PLAYED),
    "flow.better": (0, PLAYED), "flow.order": (0, DEFINED), "flow.sign": (1, DEFINED), "flow.straight": (0, DEFINED),
    "evaluation.blur": (5, JUDGED), "evaluation.dropped": (3, JUDGED), "evaluation.fewer": (5, JUDGED),
    "evaluation.compare": (5, JUDGED), "evaluation.copies": (1, JUDGED), "evaluation.found": (1, DEFINED),
    "evaluation.kernel": (0, JUDGED), "evaluation.features": (1, DEFINED), "evaluation.steps": (1, PLAIN),
    "evaluation.bug": (2, DEFINED),
    "numbers.pixels": (3, DEFINED), "numbers.dice": (3, digits_lie_apart_from_dice),
    "numbers.distribution": (0, DEFINED), "numbers.generate": (0, DEFINED),
    "numbers.near": (3, DEFINED, digits_share_places_of_the_plane), "numbers.order": (2, DEFINED),
    "vae.labels": (1, DEFINED), "vae.plain": (2, JUDGED), "vae.tear": (2, JUDGED), "vae.collapse": (4, JUDGED),
    "vae.bits": (5, DEFINED, JUDGED), "vae.random": (0, DEFINED), "vae.soft": (3, averages_are_best),
    "vae.step": (1, DEFINED), "vae.bug": (2, DEFINED), "vae.latent": (2, KNOWN),
    "pixels.sees": (2, DEFINED), "pixels.before": (0, JUDGED), "pixels.half": (4, DEFINED), "pixels.zero": (0, JUDGED),
    "pixels.order": (2, DEFINED), "pixels.together": (3, JUDGED), "pixels.masked": (0, DEFINED),
    "pixels.undo": (2, DEFINED), "pixels.step": (3, DEFINED), "pixels.bug": (1, DEFINED),
    "gan.sees": (0, DEFINED), "gan.uphill": (3, DEFINED), "gan.ratio": (3, PLAYED), "gan.loss": (1, PLAIN),
    "gan.single": (0, PLAIN), "gan.flat": (1, best_critic_is_flat), "gan.blur": (3, PLAYED, best_critic_is_flat),
    "gan.step": (0, DEFINED), "gan.detach": (0, DEFINED), "gan.calls": (0, DEFINED),
    "video.axis": (0, DEFINED), "video.off": (0, PLAYED), "video.zero": (0, DEFINED), "video.where": (1, PLAYED),
    "video.stairs": (1, DEFINED), "video.order": (1, DEFINED), "video.heart": (2, PLAYED), "video.level": (0, DEFINED),
    "video.world": (0, DEFINED), "video.drift": (1, KNOWN),
    "latent.share": (2, PLAIN), "latent.scribble": (0, autoencoder_squeezes), "latent.where": (2, errors_follow_edges),
    "latent.floor": (2, DEFINED), "latent.local": (0, latent_is_local), "latent.once": (2, DEFINED),
    "latent.encoder": (0, DEFINED), "latent.pairs": (5, latent_sizes), "latent.order": (0, DEFINED),
    "latent.spread": (0, DEFINED),
    "few.one": (0, PLAYED), "few.curve": (0, DEFINED), "few.target": (0, DEFINED), "few.between": (3, PLAYED),
    "few.two": (5, PLAYED), "few.same": (1, PLAYED), "few.push": (3, PLAYED), "few.rest": (0, DEFINED),
    "few.order": (4, DEFINED), "few.skip": (2, DEFINED),
    "world.mark": (1, KNOWN), "world.video": (2, KNOWN), "world.line": (2, KNOWN),
}  # fmt: skip


TOLD = [*SAID.values(), *(one for _, *checks in QUESTIONS.values() for one in checks), what_parts_matter]
CHECKS = sorted({check for check in TOLD if not isinstance(check, str)}, key=lambda check: check.__name__)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_the_texts_say_is_so(check: Callable[[], None]) -> None:
    check()


def test_no_number_and_no_comparison_is_left_out() -> None:
    found = [sentence for chapter in EVERY for sentence in claims(text_file(chapter))]
    unheld = [sentence for sentence in found if not any(piece in sentence for piece in SAID)]
    assert not unheld, "\n".join(unheld)
    every = " ".join(sentence for chapter in EVERY for sentence in sentences(text_file(chapter)))
    assert not [piece for piece in SAID if piece not in every], "what no text says any more"


def test_no_question_is_left_out() -> None:
    found = {name: len(claims) for chapter in EVERY for name, claims in asked(chapter).items()}
    assert {name: count for name, (count, *_) in QUESTIONS.items()} == found


def test_curves_to_be_drawn_are_the_recorded_ones() -> None:
    source = (ENGLISH / "quiz" / "training.ts").read_text(encoding="utf-8")
    level, heart = ([int(v) for v in found.split(",")] for found in re.findall(r"truth: \[([\d, ]+)\]", source))
    last_seen = dict(zip(RECORDED["times"], RECORDED["moments"][-1]["seen"], strict=True))
    errors = [last_seen[t] for t in (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)]
    assert level == [round(100 * error / max(errors)) for error in errors]
    held = [mean_errors("held_out")[images] for images in (16_000, 32_000, 64_000, 128_000, 256_000)]
    assert heart == [round(10 + 80 * (error - min(held)) / (max(held) - min(held))) for error in held]


@pytest.mark.parametrize("chapter", EVERY)
def test_the_price_in_minutes_is_true(chapter: str) -> None:
    """Read at 180 words a minute, questions at 220, with 24 seconds to think about each and two minutes to play."""
    text, quiz = text_file(chapter), quiz_file(chapter)
    words, asked = (sum(len(sentence.split()) for sentence in sentences(path)) for path in (text, quiz))
    questions = len(re.findall(r"^    id: '", quiz.read_text(encoding="utf-8"), re.MULTILINE))
    said = int(re.findall(r"minutes: (\d+),", text.read_text(encoding="utf-8"))[0])
    if chapter in LESSONS:  # the contents page has it before it has the lesson
        index = (text.parents[1] / "index.ts").read_text(encoding="utf-8")
        assert f"chapters: ['{chapter}'], minutes: {said}," in index
    assert abs(words / 180 + asked / 220 + 0.4 * questions + 2 - said) < 1.5
