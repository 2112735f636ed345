"""A teacher and its student, on tiny networks: the pictures are poor, and it takes seconds. Tuning takes a minute."""

import sfumato


def test_a_student_walks_in_two_steps(tmp_path):
    quick = {"images": 128, "batch": 64, "previews": 0, "precision": "fp32", "compile": False}
    run = sfumato.Run.start(tmp_path / "teacher", "digits", net="nano", **quick)
    for _ in run.train():
        pass
    student = sfumato.distill(tmp_path / "teacher", steps=2, folder=tmp_path / "student", **quick)
    for _ in student.train():
        pass
    model = student.model()
    assert (model.config.sampling.sampler, model.config.sampling.steps) == ("consistency", 2)
    pictures = model.sample(range(4), labels="3")
    assert pictures.shape == (4, 1, 8, 8) and pictures.isfinite().all()
