"""The same questions in two tongues: DuckDB over the views, SQLite over JSON (the S1 design).

Owns that they mean the same: the benchmark compares the answers before it compares times.
"""

from dataclasses import dataclass

BETWEEN = (2**51, 2**52)


@dataclass(frozen=True)
class Question:
    """One thing people ask."""

    name: str
    duckdb: str
    sqlite: str


def questions(run: str) -> tuple[Question, ...]:
    """All of them; `run` is a run that exists, as PROJECT/RUN_ID."""
    low, high = BETWEEN
    path = "json_extract(i.metadata, '$.{}')".format
    return (
        Question(
            "seed range, score and words of the prompt",
            f"""SELECT count(*) FROM image WHERE seed BETWEEN {low} AND {high}
                AND composite_score >= 7.5 AND contains(prompt, 'sunset')""",
            f"""SELECT count(*) FROM images i
                WHERE {path("parameters.seed")} BETWEEN {low} AND {high}
                AND {path("quality.composite_score")} >= 7.5
                AND instr({path("input.prompt")}, 'sunset') > 0""",
        ),
        Question(
            "images of one run",
            f"SELECT iteration FROM image WHERE run = '{run}' ORDER BY 1",
            f"""SELECT {path("identity.iteration")} FROM images i
                JOIN sessions s ON s.id = i.session_id WHERE s.folder_name = '{run}' ORDER BY 1""",
        ),
        Question(
            "runs with their counts, newest 200",
            """SELECT run, image_count, ko_count FROM run
               ORDER BY run DESC LIMIT 200""",
            """SELECT s.folder_name, count(*), sum(i.status = 'ko') FROM sessions s
               JOIN images i ON i.session_id = s.id GROUP BY s.id
               ORDER BY s.folder_name DESC LIMIT 200""",
        ),
        Question(
            "mean score by model and sampler",
            """SELECT model, sampler, count(*), avg(composite_score) FROM image
               GROUP BY ALL ORDER BY ALL""",
            f"""SELECT {path("workflow.model")} m, {path("parameters.sampler")} s, count(*),
                avg({path("quality.composite_score")}) FROM images i
                GROUP BY m, s ORDER BY m, s""",
        ),
        Question(
            "criteria that are missed, by outfit",
            """SELECT v.value, count(*) FROM criteria AS c JOIN variations AS v USING (image)
               WHERE v.axis = 'Outfit' AND NOT c.passed GROUP BY 1 ORDER BY 1""",
            f"""SELECT {path("variations.Outfit")}, count(*) FROM images i,
                json_each({path("iteration.evaluation.criteria_results")}) c
                WHERE c.value = 0 GROUP BY 1 ORDER BY 1""",
        ),
    )
