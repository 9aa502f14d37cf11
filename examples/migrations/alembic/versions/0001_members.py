"""members and their warnings"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "members",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("discord_id", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "warnings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("member_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], ondelete="CASCADE"),
        sa.Column("severity", sa.Enum("note", "ban", name="severity"), nullable=False),
    )


def downgrade():
    op.drop_table("warnings")
    op.drop_table("members")
    op.execute("DROP TYPE severity")
