"""Products, with their full-text index."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE products (
            sku text COLLATE "C" PRIMARY KEY,
            name text NOT NULL,
            description text NOT NULL,
            price_amount integer NOT NULL CONSTRAINT price_not_negative CHECK (price_amount >= 0),
            price_currency text NOT NULL,
            state text NOT NULL,
            version integer NOT NULL,
            searchable tsvector GENERATED ALWAYS AS
                (to_tsvector('simple', sku || ' ' || name || ' ' || description)) STORED
        )
        """
    )
    op.execute("CREATE INDEX products_searchable ON products USING gin (searchable)")


def downgrade() -> None:
    op.execute("DROP TABLE products")
