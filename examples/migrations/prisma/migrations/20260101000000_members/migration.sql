-- CreateEnum
CREATE TYPE "Severity" AS ENUM ('note', 'ban');

-- CreateTable
CREATE TABLE "members" (
    "id" SERIAL NOT NULL,
    "discord_id" TEXT NOT NULL,

    CONSTRAINT "members_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "warnings" (
    "id" SERIAL NOT NULL,
    "member_id" INTEGER NOT NULL,
    "severity" "Severity" NOT NULL,

    CONSTRAINT "warnings_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "members_discord_id_key" ON "members"("discord_id");

-- AddForeignKey
ALTER TABLE "warnings" ADD CONSTRAINT "warnings_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;
